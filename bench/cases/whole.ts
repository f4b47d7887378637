import { dissect } from "../../src/dissect/dissect.ts";
import { Generator } from "../../src/models/generator.ts";
import { Segmenter } from "../../src/models/segmenter.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Case } from "../cases.ts";
import { clocked } from "../clock.ts";
import type { Lab, Measured } from "../compete.ts";
import { median } from "../contest.ts";
import { requestDevice } from "../ours.ts";
import type { Files } from "../places.ts";
import { published } from "./forward.ts";

/** Images of the dissections' test and training sets. */
const IMAGES = 16;
/** Half the units of a layer in the middle: what somebody who paints edits. */
const EDITED = { layer: "layer4", units: [0, 1, 2, 3, 4, 5, 6, 7] } as const;
/** A frame at 60 Hz, and the tenth by which timers are forgiven. */
const FRAME = (1000 / 60) * 1.1;

/** What users wait for, from end to end. No peer does it. */
export const WHOLE: readonly Case[] = [
  { name: "scenes64 first image", headline: true, measure: firstImage },
  {
    name: "scenes64 edit to pixels",
    headline: true,
    measure: ({ ours, files }) => edit(ours.library, scenes64(files)),
  },
  { name: "progan-256 edit to pixels", headline: false, measure: ({ ours }) => edit(ours.library, published()) },
  { name: `scenes64 dissection of ${IMAGES} images`, headline: true, measure: dissection },
  { name: `scenes64 frames while dissecting ${IMAGES} images`, headline: true, browser: true, measure: frames },
];

const scenes64 = (files: Files): Promise<ArrayBuffer> => files("scenes64/generator.safetensors");

/**
 * The checkpoint in memory to bytes of an image, on a new device: with everything compiled from
 * nothing, then again.
 */
async function firstImage({ files }: Lab): Promise<Measured> {
  const checkpoint = await scenes64(files);
  const times: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    const start = performance.now();
    const device = await requestDevice();
    const model = await Generator.load(checkpoint, { device });
    for await (const _ of model.images({ size: 1, seed: 1 })) times.push(performance.now() - start);
    device.dispose();
  }
  const [ms, ...again] = times as [number, ...number[]];
  return { ms, gpuMs: null, peers: {}, samples: 1, more: { again: median(again) } };
}

/** A slider moves: the edit is set, the image is made anew, and its bytes are read. */
async function edit(device: Device, checkpoint: Promise<ArrayBuffer>): Promise<Measured> {
  const model = await Generator.load(await checkpoint, { device });
  const plan = await model.compile({ batch: 1, editable: [EDITED.layer], bytes: true });
  const z = model.sample({ size: 1, seed: 1 });
  const times: number[] = [];
  const onGpu: (number | null)[] = [];
  const start = performance.now();
  for (let i = 0; i < 2 || (i < 30 && performance.now() - start < 5_000); i += 1) {
    const gpu = await clocked(device.gpu, async () => {
      const moved = performance.now();
      plan.setEdit({ ...EDITED, alpha: (i % 10) / 10 });
      plan.run(z);
      await plan.rgba!.read();
      times.push(performance.now() - moved);
    });
    onGpu.push(gpu);
  }
  plan.dispose();
  model.dispose();
  const gpuMs = onGpu.includes(null) ? null : median(onGpu.slice(1) as number[]);
  return { ms: median(times.slice(1)), gpuMs, peers: {}, samples: times.length - 1 };
}

/**
 * The embedded generator and segmenter, all layers: both sets, levels, scores, correlations and
 * pictures.
 */
async function dissectScenes({ ours: { library: device }, files }: Lab): Promise<number> {
  const generator = await Generator.load(await scenes64(files), { device });
  const segmenter = await Segmenter.load(
    {
      weights: await files("scenes64/segmenter.safetensors"),
      labels: await files("scenes64/labels.json"),
    },
    { device },
  );
  const start = performance.now();
  for await (const event of dissect(generator, segmenter, { size: IMAGES })) {
    if (event.type !== "result") continue;
    for await (const _ of event.pictures());
  }
  const ms = performance.now() - start;
  generator.dispose();
  segmenter.dispose();
  return ms;
}

async function dissection(lab: Lab): Promise<Measured> {
  const ms = await dissectScenes(lab);
  return { ms, gpuMs: null, peers: {}, samples: 1, more: { "images/s": (1000 * IMAGES) / ms } };
}

/** Whether the page still moves while the GPU works: the intervals between its frames. */
async function frames(lab: Lab): Promise<Measured> {
  const times: number[] = [];
  let working = true;
  const frame = (time: number): void => {
    times.push(time);
    if (working) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const ms = await dissectScenes(lab);
  working = false;
  const intervals = times.slice(1).map((time, i) => time - times[i]!);
  const sorted = intervals.toSorted((a, b) => a - b);
  return {
    ms,
    gpuMs: null,
    peers: {},
    samples: intervals.length,
    more: {
      medianFrame: median(intervals),
      p95Frame: sorted[Math.floor(0.95 * (sorted.length - 1))]!,
      longestFrame: sorted.at(-1)!,
      smooth: intervals.filter((interval) => interval <= FRAME).length / intervals.length,
    },
  };
}
