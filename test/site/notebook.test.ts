import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { notebook } from "../../scripts/tutorial.mjs";
import { findSwiftShader } from "../../src/node/vulkan.ts";
import { built } from "../built.ts";
import { deno, denoEnvironment } from "../deno.ts";

// Runs: site/notebook.ts, site/shown.ts, test/site/execute-notebook.py

const FILE = fileURLToPath(new URL("../../examples/tutorial.ipynb", import.meta.url));

interface Output {
  readonly output_type: string;
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}
interface Notebook {
  readonly cells: readonly { readonly cell_type: string; readonly outputs?: readonly Output[] }[];
}

test("the kept notebook is what `node scripts/tutorial.mjs` makes of the guide", async () => {
  expect(await readFile(FILE, "utf8")).toBe(await notebook());
});

test("all cells run in Jupyter on Deno, and show pictures, tables and drawings", { timeout: 900_000 }, async () => {
  await built();
  const driver = findSwiftShader();
  if (!driver) throw new Error("Deno runs on Chromium's SwiftShader, which is missing");
  const work = await mkdtemp(join(tmpdir(), "ganatomy-notebook-"));
  try {
    // In a clone the package is found by its own name.
    const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
    const script = fileURLToPath(new URL("execute-notebook.py", import.meta.url));
    const env = { ...denoEnvironment(process.env["VK_DRIVER_FILES"] ?? driver), JUPYTER_PATH: work };
    const program = promisify(execFile)("/usr/bin/python3", [script, FILE, folder, deno()], {
      env,
      maxBuffer: 2 ** 28,
    });
    const { cells } = JSON.parse((await program).stdout) as Notebook;
    const [, ...codes] = cells.filter(({ cell_type: type }) => type === "code");
    expect(codes.length).toBeGreaterThan(15);
    const outputs = codes.map(({ outputs = [] }) => outputs);
    expect(outputs.filter((said) => said.length === 0)).toEqual([]);
    const of = (type: string) => outputs.flat().flatMap(({ data }) => [data?.[type] ?? []].flat());
    expect(new Set(outputs.flat().map(({ output_type: type }) => type))).toEqual(new Set(["display_data"]));
    expect(of("image/svg+xml").length).toBe(2);
    expect(of("text/html").length).toBeGreaterThan(4);
    const pictures = of("image/png").map((png) => decode(Buffer.from(png, "base64")));
    // Eight images of 64 pixels, twice as large, side by side.
    expect(pictures[0]).toMatchObject({ width: 8 * 128 + 7 * 4, height: 128, channels: 4 });
    for (const { data } of pictures) expect(new Set(data).size).toBeGreaterThan(8);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
