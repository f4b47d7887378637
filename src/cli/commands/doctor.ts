// Tests: test/cli/commands/generate.test.ts
import { UnsupportedError } from "../../errors.ts";
import { Device } from "../../index.ts";
import { findChrome } from "../../node/chrome.ts";
import { findGpu } from "../../node/gpu.ts";
import { howToGetAdapter, installHelps, installSoftwareAdapter } from "../../node/install.ts";
import { howToAdd, optionalVersion } from "../../node/optional.ts";
import { findSwiftShader, hasGpuNode, loadVulkan } from "../../node/vulkan.ts";
import { VERSION } from "../../version.ts";
import type { CliCommand } from "../command.ts";
import { LIMITS, sized } from "../device-details.ts";
import { EXIT } from "../exit.ts";
import { columns } from "../table.ts";
import { print, say } from "../terminal.ts";

export interface DoctorOptions {
  readonly json?: boolean;
  readonly fix?: boolean;
}

/** What the doctor finds. */
export interface Diagnosis {
  /** An adapter was found and computes. */
  readonly ok: boolean;
  readonly versions: { ganatomy: string; node: string; webgpu: string | null; "puppeteer-core": string | null };
  readonly system: string;
  /** Null where Vulkan is not used. */
  readonly vulkan: { loader: string | null; swiftShader: string | null; gpuNode: boolean } | null;
  readonly chrome: string | null;
  readonly adapter: Device["adapter"] | null;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** Milliseconds from nothing to a checked result. */
  readonly computeMs: number | null;
  readonly advice: readonly string[];
}

export const doctorCommand: CliCommand<DoctorOptions> = {
  name: "doctor",
  description: "tell which adapter there is, what it can do, and what to fix",
  options: (command) =>
    command
      .option("--json", "print it as JSON")
      .option(
        "--fix",
        "get a software adapter where that can be done: by apt (Debian or Ubuntu, as root), else from npm (Linux on x64)",
      ),
  run,
};

/** Resolves with the exit status. */
async function run({ json = false, fix = false }: DoctorOptions): Promise<number> {
  if (fix) await install();
  const diagnosis = await diagnose();
  print(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : text(diagnosis));
  return diagnosis.ok ? EXIT.ok : EXIT.noWebGpu;
}

async function install(): Promise<void> {
  const found = await findGpu().catch((error) => error);
  // nothing that apt could mend
  if (!(found instanceof UnsupportedError && found.code === "no-adapter")) return;
  if (installHelps()) await installSoftwareAdapter((line) => say(`${line}\n`));
}

async function diagnose(): Promise<Diagnosis> {
  const advice: string[] = [];
  const chrome = findChrome();
  const isLinux = process.platform === "linux";
  const vulkan = isLinux
    ? { loader: loadVulkan() ?? null, swiftShader: findSwiftShader() ?? null, gpuNode: hasGpuNode() }
    : null;
  const versions = {
    ganatomy: VERSION,
    node: process.versions.node,
    webgpu: optionalVersion("webgpu") ?? null,
    "puppeteer-core": optionalVersion("puppeteer-core") ?? null,
  };
  let device: Device | undefined;
  let adapter: GPUAdapter | null = null;
  let computeMs: number | null = null;
  try {
    const start = performance.now();
    const gpu = await findGpu();
    device = await Device.request({ gpu });
    await computes(device);
    computeMs = Math.round(performance.now() - start);
    adapter = await gpu.requestAdapter(); // a device tells only what it asked for
  } catch (error) {
    advice.push((error as Error).message);
    if (error instanceof UnsupportedError && error.code === "no-adapter" && installHelps()) {
      advice.push("Or let ganatomy do it: `ganatomy doctor --fix`.");
    }
    if (vulkan && !vulkan.loader) advice.push("The Vulkan loader libvulkan.so.1 is missing (Debian: libvulkan1).");
  }
  if (device?.adapter.software) {
    advice.push(
      isLinux && !vulkan?.gpuNode
        ? "Linux shows this process no GPU, so a software adapter is used: right, but slow. In a container, pass the GPU through."
        : `Only a software adapter works. ${howToGetAdapter()}`,
    );
  }
  if (!chrome) advice.push("There is no Chrome for --chrome: install one, or name it with GANATOMY_CHROME.");
  else if (!versions["puppeteer-core"]) advice.push(`${howToAdd("puppeteer-core")} for --chrome.`);
  const diagnosis: Diagnosis = {
    ok: computeMs !== null,
    versions,
    system: `${process.platform} ${process.arch}`,
    vulkan,
    chrome: chrome ?? null,
    adapter: device?.adapter ?? null,
    features: adapter ? [...adapter.features].sort() : [],
    limits: adapter ? limitsOf(adapter.limits) : {},
    computeMs,
    advice,
  };
  device?.dispose();
  return diagnosis;
}

const COUNT = 1000;
const SQUARES = `
@group(0) @binding(0) var<storage, read_write> squares: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&squares)) { squares[id.x] = id.x * id.x; }
}`;

/** Squares a thousand numbers and looks at every one: an adapter that is there need not work. */
async function computes({ gpu }: Device): Promise<void> {
  const STORAGE = 0x80 | 0x4; // and COPY_SRC; Node has no names for these
  const READ = 0x1 | 0x8; // MAP_READ and COPY_DST
  const result = gpu.createBuffer({ label: "squares", size: 4 * COUNT, usage: STORAGE });
  const copy = gpu.createBuffer({ label: "squares to read", size: 4 * COUNT, usage: READ });
  const module = gpu.createShaderModule({ label: "squares", code: SQUARES });
  const pipeline = await gpu.createComputePipelineAsync({ label: "squares", layout: "auto", compute: { module } });
  const encoder = gpu.createCommandEncoder({ label: "squares" });
  const pass = encoder.beginComputePass({ label: "squares" });
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: { buffer: result } }];
  pass.setBindGroup(0, gpu.createBindGroup({ label: "squares", layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(COUNT / 64));
  pass.end();
  encoder.copyBufferToBuffer(result, 0, copy, 0, 4 * COUNT);
  gpu.queue.submit([encoder.finish()]);
  await copy.mapAsync(0x1);
  const squares = new Uint32Array(copy.getMappedRange().slice(0));
  copy.destroy();
  result.destroy();
  const wrong = squares.findIndex((square, i) => square !== i * i);
  if (wrong >= 0) {
    throw new UnsupportedError(
      "no-adapter",
      `The adapter computes wrong results (${wrong}² = ${squares[wrong]}).`,
      "Update the graphics driver.",
    );
  }
}

/** Limits are properties of the prototype, so they must be asked for by name. */
function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const names = Object.keys(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(limits)));
  const all = limits as unknown as Record<string, unknown>;
  return Object.fromEntries(
    names.filter((name) => typeof all[name] === "number").map((name) => [name, all[name] as number]),
  );
}

function text({
  ok,
  versions,
  system,
  vulkan,
  chrome,
  adapter,
  features,
  limits,
  computeMs,
  advice,
}: Diagnosis): string {
  const name = adapter && (adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(" "));
  const rows: string[][] = [
    ["ganatomy", versions.ganatomy],
    ["node", `${versions.node} on ${system}`],
    ["webgpu (Dawn)", versions.webgpu ?? "not installed"],
  ];
  if (vulkan) {
    rows.push(["Vulkan loader", vulkan.loader ?? "missing"]);
    rows.push(["GPU device node", vulkan.gpuNode ? "yes" : "none"]);
    rows.push(["SwiftShader", vulkan.swiftShader ?? "not found"]);
  }
  rows.push(["Chrome", chrome ?? "not found"]);
  rows.push(["puppeteer-core", versions["puppeteer-core"] ?? "not installed"]);
  rows.push(["adapter", adapter ? `${name}${adapter.software ? " (software)" : ""}` : "none"]);
  if (adapter) {
    rows.push(["features", features.join(", ") || "none"]);
    for (const limit of LIMITS) rows.push([limit, sized(limit, limits[limit] ?? 0)]);
    rows.push(["compute check", computeMs === null ? "FAILED" : `right, ${computeMs} ms`]);
  }
  const verdict = ok ? "All is well: ganatomy can run here." : "ganatomy cannot run here yet.";
  const todo = advice.map((line) => `  - ${line}`).join("\n");
  return `${columns(rows)}\n\n${verdict}\n${todo ? `${todo}\n` : ""}`;
}
