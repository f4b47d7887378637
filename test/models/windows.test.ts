import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineGenerator } from "../../src/load.ts";
import type { Edit } from "../../src/models/edits.ts";
import { Generator } from "../../src/models/generator.ts";
import type { CompileGeneratorOptions, GeneratorPlan } from "../../src/models/generator-plan.ts";
import { coneOf, windowGraph } from "../../src/models/window-graph.ts";
import { narrowWays } from "../../src/models/windows.ts";
import { conv, filterOf, instancenorm } from "../../src/networks/index.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph, type Target } from "../../src/runtime/graph.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { requestDevice, targetsHere, worst } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";

const TARGETS = await targetsHere();
const scenes64 = readFileSync(new URL("../../weights/scenes64/generator.safetensors", import.meta.url));

const bits = async (tensor: Tensor | undefined): Promise<Uint32Array> => new Uint32Array((await tensor!.read()).buffer);

/** An edit of some units of a layer of n × n cells, in a box of these. */
function boxed(
  layer: string,
  n: number,
  [top = 0, left = 0, height = 1, width = 1]: readonly number[],
  value = 4,
): Edit {
  const mask = Float32Array.from({ length: n * n }, (_, cell) => {
    const [row, column] = [Math.floor(cell / n) - top, (cell % n) - left];
    return Number(row >= 0 && row < height && column >= 0 && column < width);
  });
  return { layer, units: [3, 17, 24, 41, 59], value, mask };
}

/** scenes64 on this adapter, by the kernels of one target. */
class Stand {
  readonly device: Device;
  readonly generator: Generator;
  readonly head: GeneratorPlan;

  private constructor(device: Device, generator: Generator, head: GeneratorPlan) {
    this.device = device;
    this.generator = generator;
    this.head = head;
  }

  static async of(target?: Target): Promise<Stand> {
    const device = await requestDevice();
    if (target) Object.assign(device, { target });
    const generator = await Generator.load(scenes64, { device });
    const head = await generator.compile({ batch: 2, retain: ["layer4", "layer6"], until: "layer6" });
    head.run(generator.sample({ size: 2, seed: 5 }));
    return new Stand(device, generator, head);
  }

  tail(layer: string, options: Partial<CompileGeneratorOptions> = {}): Promise<GeneratorPlan> {
    const inputs = this.head.behind(layer);
    const editable = [{ layer, dense: true }];
    return this.generator.compile({ batch: 2, from: layer, inputs, editable, incremental: true, ...options });
  }

  dispose(): void {
    this.head.dispose();
    this.generator.dispose();
    this.device.dispose();
  }
}

describe.each(TARGETS)(
  "what edits changed is computed alone, to the bits of the whole, by the kernels of %s",
  (target) => {
    let stand: Stand;
    beforeAll(async () => {
      stand = await Stand.of(target);
    });
    afterAll(() => stand?.dispose());

    it.each<readonly [layer: string, cells: number, boxes: readonly (readonly number[])[]]>([
      [
        "layer4",
        8,
        [
          [0, 0],
          [0, 7],
          [7, 0],
          [7, 7],
          [0, 3],
          [4, 7],
          [3, 4],
          [5, 2],
        ],
      ],
      [
        "layer6",
        16,
        [
          [0, 0],
          [15, 15],
          [0, 9],
          [7, 8],
          [8, 7],
          [14, 14, 2, 2],
          [4, 9, 1, 2],
          [6, 3, 3, 4],
        ],
      ],
    ])("of cells of %s at corners, at edges and between", async (layer, cells, boxes) => {
      const options = { bytes: true, retain: ["layer7"] };
      using plan = await stand.tail(layer, options);
      using whole = await stand.tail(layer, options);
      const edits: Edit[] = [];
      expect(plan.runChanged()).toBe("whole");
      expect(plan.runChanged()).toBe("nothing");
      for (const box of boxes) {
        edits.push(boxed(layer, cells, box));
        plan.setEdits(edits);
        whole.setEdits(edits);
        expect(plan.runChanged(), `${box}`).toBe("window");
        whole.run();
        expect(await bits(plan.image), `image of ${box}`).toEqual(await bits(whole.image));
        expect(await bits(plan.rgba), `bytes of ${box}`).toEqual(await bits(whole.rgba));
        expect(await bits(plan.layers.get("layer7")), `layer7 of ${box}`).toEqual(
          await bits(whole.layers.get("layer7")),
        );
      }
    });
  },
);

describe("an incremental plan", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await Stand.of();
  });
  afterAll(() => stand?.dispose());

  it("runs what differs between two lists, and the whole where nobody knows", async () => {
    using plan = await stand.tail("layer6");
    using whole = await stand.tail("layer6");
    const run = async (edits: readonly Edit[], expected: string, said: string) => {
      plan.setEdits(edits);
      expect(plan.runChanged(), said).toBe(expected);
      whole.setEdits(edits);
      whole.run();
      expect(await bits(plan.image), said).toEqual(await bits(whole.image));
    };
    const [a, b, c] = [boxed("layer6", 16, [2, 3]), boxed("layer6", 16, [12, 9]), boxed("layer6", 16, [0, 0, 3, 9])];
    await run([a], "whole", "the first run");
    await run([a, c], "whole", "nine cells");
    await run([a, boxed("layer6", 16, [0, 0, 3, 10])], "window", "a stroke that went on by a column");
    await run([a, b], "whole", "another stroke in its place, far away");
    await run([a], "window", "taken back");
    await run([a], "nothing", "the same");
    await run([{ ...a }], "nothing", "the same in another object");
    await run([{ ...a, value: 1 }], "window", "another value");
    await run([a, b], "whole", "two at once, far apart");
    await run([b, a], "whole", "in the other order");
    await run([a], "window", "one of them removed");
    await run([a, { ...b, mask: new Float32Array(256) }], "nothing", "one that is nowhere");
    plan.setEdits([b]);
    plan.setEdits([a]);
    plan.run();
    expect(plan.runChanged()).toBe("nothing");
  });

  it("differs from another plan by rounding alone", async () => {
    using plan = await stand.tail("layer4");
    using other = await stand.tail("layer4", { incremental: false });
    const edits = [boxed("layer4", 8, [3, 3, 2, 2])];
    for (const one of [plan, other]) {
      one.setEdits(edits);
      one.run();
    }
    // By as much as PyTorch's float32 differs from ours in a network as deep (progan.test.ts).
    expect(worst(await plan.image!.read(), await other.image!.read())).toBeLessThan(2e-5);
    expect(await bits(plan.image)).not.toEqual(await bits(other.image));
    other.setEdits([...edits, boxed("layer4", 8, [0, 0])]);
    expect(other.runChanged()).toBe("whole");
    expect(other.runChanged()).toBe("nothing");
  });

  it("runs the whole for slots, for two layers, and where what is edited is not the first layer", async () => {
    const editable = [{ layer: "layer4" }, { layer: "layer6", dense: true }, { layer: "layer8", dense: true }];
    using plan = await stand.tail("layer4", { editable });
    using whole = await stand.tail("layer4", { editable });
    const run = async (edits: readonly Edit[], expected: string) => {
      plan.setEdits(edits);
      expect(plan.runChanged()).toBe(expected);
      whole.setEdits(edits);
      whole.run();
      expect(await bits(plan.image)).toEqual(await bits(whole.image));
    };
    const [one, six, eight] = [boxed("layer4", 8, [1, 1]), boxed("layer6", 16, [9, 9]), boxed("layer8", 32, [30, 2])];
    await run([one], "whole");
    await run([one, six], "whole");
    await run([six], "whole");
    await run([six, eight], "window");
    await run([eight], "window");
    await run([boxed("layer6", 16, [3, 3]), boxed("layer8", 32, [1, 1])], "whole");
  });

  it("keeps what it says, and leaves nothing behind", async () => {
    const { live } = stand.device;
    // What a plan needs of the weights stays the generator's.
    (await stand.tail("layer4")).dispose();
    const before = { ...live };
    const plan = await stand.tail("layer4");
    plan.setEdits([boxed("layer4", 8, [1, 1])]);
    plan.run();
    plan.dispose();
    expect(live).toEqual(before);
  });

  it("needs operations that look at near pixels alone", async () => {
    const { device } = stand;
    const tensor = (shape: readonly number[], seed: number) => ({
      dtype: "float32" as const,
      shape,
      data: noise(
        seed,
        shape.reduce((product, extent) => product * extent, 1),
      ),
    });
    const weights = writeSafetensors({
      "first.weight": tensor([8 * 256, 4, 1, 1], 1),
      "rgb.weight": tensor([3, 8, 3, 3], 2),
    }).buffer as ArrayBuffer;
    const define = (globally: boolean) =>
      defineGenerator(
        {
          weights,
          build({ graph, state, input, layer, output }) {
            const z = input({ name: "z", channels: 4 });
            const first = layer("first", () => {
              const flat = conv(graph, z(), filterOf(state, "first", undefined, { into: 4, kernel: 1 }));
              return graph.view(flat, "first", [flat.shape[0]!, 16, 16, 8], 8);
            });
            output("image", "image", () => {
              const x = globally ? instancenorm(graph, first(), 1e-5) : first();
              return conv(graph, x, filterOf(state, "rgb", undefined, { into: 8, kernel: 3 }), { pad: 1 });
            });
          },
        },
        { device },
      );
    for (const [globally, expected] of [
      [false, "window"],
      [true, "whole"],
    ] as const) {
      const own = await define(globally);
      const editable = [{ layer: "first", dense: true }];
      using plan = await own.compile({ batch: 1, editable, incremental: true });
      plan.run(own.sample({ size: 1, seed: 1 }));
      const edit = { ...boxed("first", 16, [4, 15]), units: [1, 5] };
      plan.setEdits([edit]);
      expect(plan.runChanged()).toBe(expected);
      const image = await bits(plan.image);
      plan.run();
      expect(await bits(plan.image)).toEqual(image);
      own.dispose();
    }
  });
});

describe("how far a cell of layer4 reaches in scenes64, 64 pixels", () => {
  const sizes = async (narrow: boolean) => {
    const stand = await Stand.of();
    const graph = new Graph("software8");
    const described = (graph: Graph) => {
      const editable = [{ layer: "layer4", dense: true }];
      const values = stand.generator.append(graph, 1, { from: "layer4", editable });
      return { graph, dense: values.dense, kept: [values.image!] };
    };
    const fast = described(graph);
    const whole = narrow ? described(new Graph("software8", "f32", narrowWays(fast))) : fast;
    const cone = coneOf(whole.graph, whole.dense.get("layer4")!, whole.kept)!;
    const { steps } = windowGraph(whole.graph, cone, 1).graph;
    stand.dispose();
    return steps.flatMap(({ kernel, params }) => (kernel.name === "paste" ? [params["height"]] : []));
  };

  // By hand: an upsampling 3×3 makes 2 n + 2 rows of n, a 3×3 two more.
  it("is what its taps reach, rounded up to a last tile of four", async () => {
    expect(await sizes(true)).toEqual([6, 6, 16, 16, 36, 40, 40]);
  });

  it("would be nearly all of it with tiles of four everywhere", async () => {
    expect(await sizes(false)).toEqual([6, 8, 20, 24, 52, 56, 56]);
  });
});
