import type { Contest, Contestant, Runner } from "../contest.ts";
import type { Places } from "../places.ts";
import { OnnxGraph } from "./onnx.ts";
import { write } from "./onnx-network.ts";

type Ort = typeof import("onnxruntime-web/wasm");

/** ONNX Runtime Web on the CPU: WebAssembly with SIMD, on as many threads. */
export const onnxRuntimeWasm =
  (threads: number) =>
  async (places: Places): Promise<Contestant> => {
    if (threads > 1 && typeof SharedArrayBuffer === "undefined") throw new Error("There is no shared memory.");
    // A module of its own: how many threads there are is settled once a module. Node's shares that
    // with whoever imports it again.
    const script = threads > 1 ? places.ortThreads : `${places.ort}ort.wasm.min.mjs`;
    const ort: Ort = await import(`${script}?threads=${threads}`);
    ort.env.wasm.wasmPaths = places.ort;
    ort.env.wasm.numThreads = threads;
    const first = new OnnxGraph();
    const y = first.node("Relu", ["x"]);
    await open(ort, first.model({ name: "x", shape: [1] }, { name: y, shape: [1] }));
    if (ort.env.wasm.numThreads !== threads) throw new Error(`It runs on ${ort.env.wasm.numThreads} threads only.`);
    return {
      name: nameOf(threads),
      device: undefined,
      prepare: (contest) => prepare(ort, contest),
      idle: async () => {}, // a run has ended when it answers
    };
  };

export const nameOf = (threads: number): string => `wasm${threads}`;

function open(ort: Ort, model: Uint8Array) {
  return ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
}

async function prepare(ort: Ort, { input, network }: Contest): Promise<Runner> {
  if (network.gradient) throw new Error("ONNX Runtime Web has no gradients.");
  const graph = new OnnxGraph();
  const output = write(graph, network, "x");
  const { shape } = network.output;
  const session = await open(
    ort,
    graph.model({ name: "x", shape: network.input.shape }, { name: output, shape: network.output.shape }),
  );
  const x = new ort.Tensor("float32", input, network.input.shape);
  const y = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  let last: Awaited<ReturnType<typeof session.run>> | undefined;
  return {
    run: async () => {
      last = await session.run({ x });
    },
    output: async () => {
      y.set(last![output]!.data as Float32Array);
      return y;
    },
    dispose: () => session.release(),
  };
}
