import type { Edit } from "../../src/models/edits.ts";
import { Generator } from "../../src/models/generator.ts";
import type { GeneratorPlan } from "../../src/models/generator-plan.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Case } from "../cases.ts";
import type { Measured } from "../compete.ts";
import { median } from "../contest.ts";
import { published } from "./forward.ts";

/** Where people paint. */
const LAYER = "layer4";
/** Milliseconds a case may take, and rounds that it takes at least. */
const LONGEST = 20_000;
const FEWEST = 5;

/** A pointer moves: the last stroke is replaced by a longer one, and the image is made anew. */
export const STROKES: readonly Case[] = [
  {
    name: "scenes64 stroke to pixels",
    headline: true,
    measure: async ({ ours, files }) => strokes(ours.library, await files("scenes64/generator.safetensors")),
  },
  {
    name: "progan-256 stroke to pixels",
    headline: false,
    measure: async ({ ours }) => strokes(ours.library, await published()),
  },
];

/** A stroke of a cell or two, another one each time. */
function stroke(index: number, cells: number): Edit {
  const mask = new Float32Array(cells ** 2);
  mask[(index * 7) % mask.length] = 1;
  return { layer: LAYER, units: Array.from({ length: 15 }, (_, unit) => (index + unit) % 64), value: 2, mask };
}

/** What is timed, from the call to the GPU's end; and how long the call itself took. */
interface Contender {
  readonly call: (round: number) => void;
  readonly times: number[];
  readonly calls: number[];
}

/**
 * In turns: a plain run from the layer on, strokes where there is one and where there are 200, and
 * the window of one cell. `ms` is a stroke's; under `more` is what the goals are about, ratios to
 * the plain run, round by round.
 */
async function strokes(device: Device, checkpoint: ArrayBuffer): Promise<Measured> {
  const model = await Generator.load(checkpoint, { device });
  const head = await model.compile({ batch: 1, until: LAYER, retain: [LAYER] });
  head.run(model.sample({ size: 1, seed: 1 }));
  const options = { batch: 1, from: LAYER, inputs: head.behind(LAYER), bytes: true };
  const dense = { ...options, editable: [{ layer: LAYER, dense: true }] };
  const plain = await model.compile(options);
  const [one, many] = [await model.compile(dense), await model.compile(dense)];
  const partly = await model.compile({ ...dense, incremental: true });
  const { height } = model.layer(LAYER);
  const painted = Array.from({ length: 200 }, (_, index) => stroke(index, height));
  const prolong = (plan: GeneratorPlan, before: readonly Edit[], run: () => void): Contender => ({
    call: (round) => {
      plan.setEdits([...before, stroke(round, height)]);
      run();
    },
    times: [],
    calls: [],
  });
  // One cell that changes its value: a stroke elsewhere would change two cells, the old and the
  // new.
  const cell: Edit = { ...stroke(27, height), units: [1, 2, 3] };
  const contenders = {
    plain: { call: () => plain.run(), times: [], calls: [] } as Contender,
    one: prolong(one, [], () => one.run()),
    many: prolong(many, painted.slice(1), () => many.run()),
    window: {
      call: (round) => {
        partly.setEdits([{ ...cell, value: 1 + round }]);
        const ran = partly.runChanged();
        if (round > 0 && ran !== "window") throw new Error(`One cell of ${LAYER} ran ${ran}.`);
      },
      times: [],
      calls: [],
    } as Contender,
  };
  const start = performance.now();
  for (let round = 0; round < FEWEST || performance.now() - start < LONGEST / 4; round += 1) {
    for (const contender of Object.values(contenders)) await time(device, contender, round);
    if (performance.now() - start > LONGEST && round >= 2) break;
  }
  for (const disposable of [plain, one, many, partly, head, model]) disposable.dispose();
  const { plain: base, ...others } = contenders;
  const ratio = ({ times }: Contender): number => median(times.map((ms, round) => ms / base.times[round]!));
  return {
    ms: median(others.one.times),
    gpuMs: null,
    peers: {},
    samples: base.times.length,
    more: {
      "plain run, ms": median(base.times),
      "stroke / plain, 1 stroke": ratio(others.one),
      "stroke / plain, 200 strokes": ratio(others.many),
      "plain / window of a cell": 1 / ratio(others.window),
      "CPU of a stroke, ms": median(others.many.calls),
      "of that the plain run's, ms": median(base.calls),
    },
  };
}

/** Once; the first round warms up. */
async function time(device: Device, { call, times, calls }: Contender, round: number): Promise<void> {
  await device.idle();
  const start = performance.now();
  call(round);
  const called = performance.now();
  await device.idle();
  if (round === 0) return;
  times.push(performance.now() - start);
  calls.push(called - start);
}
