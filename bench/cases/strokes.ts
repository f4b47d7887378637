import jpeg from "jpeg-js";
import type { Edit } from "../../src/models/edits.ts";
import { Generator } from "../../src/models/generator.ts";
import type { GeneratorPlan } from "../../src/models/generator-plan.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Case } from "../cases.ts";
import type { Measured } from "../compete.ts";
import { median } from "../contest.ts";
import { between, cpuTime } from "../cpu.ts";
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
  readonly call: (round: number) => void | Promise<void>;
  readonly times: number[];
  readonly calls: number[];
  /** CPU milliseconds of all threads, where somebody tells. */
  readonly cpu: (number | null)[];
}

const contender = (call: Contender["call"]): Contender => ({ call, times: [], calls: [], cpu: [] });

/** What gandissect's server gives its JPEGs, of 100. */
const QUALITY = 99;

/** An image's bytes as gandissect's server sends them to GANPaint. */
async function dataUrl(plan: GeneratorPlan, { height, width }: Pick<Generator, "height" | "width">): Promise<string> {
  const data = new Uint8ClampedArray((await plan.rgba!.read()).buffer as ArrayBuffer);
  const bytes = await jpegOf({ data, height, width });
  return `data:image/jpeg;base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

/** By the browser's own encoder, or where there is none by JavaScript. */
async function jpegOf(image: ImageDataLike): Promise<Uint8Array> {
  if (!("OffscreenCanvas" in globalThis)) return jpeg.encode(image, QUALITY).data;
  const { data, height, width } = image;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY / 100 });
  return new Uint8Array(await blob.arrayBuffer());
}

interface ImageDataLike {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
}

/**
 * In turns: a plain run from the layer on, strokes where there is one and where there are 200, the
 * window of one cell, and what GANPaint waits for when a stroke ends (the whole generator with one
 * edit, JPEG, base64; without the server's and the page's part of it). `ms` is a stroke's; under
 * `more` is what the goals are about, ratios to the plain run, round by round.
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
  const whole = await model.compile({ batch: 1, bytes: true, editable: [LAYER] });
  const z = model.sample({ size: 1, seed: 1 });
  const { height } = model.layer(LAYER);
  const painted = Array.from({ length: 200 }, (_, index) => stroke(index, height));
  const prolong = (plan: GeneratorPlan, before: readonly Edit[]): Contender =>
    contender((round) => {
      plan.setEdits([...before, stroke(round, height)]);
      plan.run();
    });
  // One cell that changes its value: a stroke elsewhere would change two cells, the old and the
  // new.
  const cell: Edit = { ...stroke(27, height), units: [1, 2, 3] };
  const contenders = {
    plain: contender(() => plain.run()),
    one: prolong(one, []),
    many: prolong(many, painted.slice(1)),
    window: contender((round) => {
      partly.setEdits([{ ...cell, value: 1 + round }]);
      const ran = partly.runChanged();
      if (round > 0 && ran !== "window") throw new Error(`One cell of ${LAYER} ran ${ran}.`);
    }),
    ganpaint: contender(async (round) => {
      whole.setEdits([stroke(round, height)]);
      whole.run(z);
      await dataUrl(whole, model);
    }),
  };
  const start = performance.now();
  for (let round = 0; round < FEWEST || performance.now() - start < LONGEST / 4; round += 1) {
    for (const contender of Object.values(contenders)) await time(device, contender, round);
    if (performance.now() - start > LONGEST && round >= 2) break;
  }
  for (const disposable of [plain, one, many, partly, whole, head, model]) disposable.dispose();
  const { plain: base, ...others } = contenders;
  const ratiosOf = (name: "times" | "cpu", unit: string): Record<string, number> => {
    const ratio = (contender: Contender): number =>
      median(contender[name].map((spent, round) => spent! / base[name][round]!));
    return {
      [`stroke / plain, 1 stroke${unit}`]: ratio(others.one),
      [`stroke / plain, 200 strokes${unit}`]: ratio(others.many),
      [`plain / window of a cell${unit}`]: 1 / ratio(others.window),
      [`GANPaint's way / stroke${unit}`]: ratio(others.ganpaint) / ratio(others.one),
      [`GANPaint's way / window of a cell${unit}`]: ratio(others.ganpaint) / ratio(others.window),
    };
  };
  // Of all of Chrome's processes they are in steps that are too long.
  const told = "process" in globalThis && !base.cpu.includes(null);
  return {
    ms: median(others.one.times),
    gpuMs: null,
    peers: {},
    samples: base.times.length,
    more: {
      "plain run, ms": median(base.times),
      ...ratiosOf("times", ""),
      ...(told && ratiosOf("cpu", ", CPU")),
      "CPU of a stroke, ms": median(others.many.calls),
      "at least": Math.min(...others.many.calls),
      "of that the plain run's, ms": median(base.calls),
    },
  };
}

/** Once; the first round warms up. */
async function time(device: Device, { call, times, calls, cpu }: Contender, round: number): Promise<void> {
  await device.idle();
  const used = await cpuTime();
  const start = performance.now();
  await call(round);
  const called = performance.now();
  await device.idle();
  if (round === 0) return;
  times.push(performance.now() - start);
  calls.push(called - start);
  cpu.push(between(used, await cpuTime()));
}
