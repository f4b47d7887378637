import type { GanPaint, GanSession } from "../../src/elements/index.ts";
import type { Case } from "../cases.ts";
import type { Measured } from "../compete.ts";
import { median } from "../contest.ts";

/** Steps of the brush, each of which makes the stroke longer by a cell or so. */
const STEPS = 60;
/** Images of the dissection's test and training sets. */
const IMAGES = 16;
const LAYER = "layer4";
/** So long after the last picture of a stroke, in milliseconds, none comes any more. */
const QUIET = 3000;

/** Whether the page answers while its worker computes: tasks of 50 ms and more, which are none. */
export const STUDIO: readonly Case[] = [
  { name: "studio's page while it loads, paints and dissects", headline: true, browser: true, measure: studio },
];

/** The built studio in a frame, whose tasks are this page's: both have one thread. */
async function studio(): Promise<Measured> {
  const frame = document.createElement("iframe");
  const longest: number[] = [];
  const keep = (entries: PerformanceEntryList): void => void longest.push(...entries.map(({ duration }) => duration));
  const observer = new PerformanceObserver((list) => keep(list.getEntries()));
  observer.observe({ type: "longtask" });
  const start = performance.now();
  Object.assign(frame, { src: "/dist/studio/", width: 1440, height: 900 });
  document.body.append(frame);
  try {
    const find = <T extends Element>(name: string): T | null | undefined =>
      frame.contentDocument?.querySelector<T>(name);
    await until(() => find<GanSession>("gan-session")?.session?.loaded?.segmenter);
    const [session, paint] = [find<GanSession>("gan-session")!.session!, find<GanPaint>("gan-paint")!];
    await until(() => !paint.disabled && session.loaded?.rankings[LAYER]);
    const strokes = await painted(paint);
    const counts = [longest.length];
    for await (const _ of session.dissect({ layers: [LAYER], size: IMAGES }));
    await wait(1000); // for what comes of it
    keep(observer.takeRecords());
    return {
      ms: performance.now() - start,
      gpuMs: null,
      peers: {},
      samples: 1,
      more: {
        "tasks over 50 ms while loading and painting": counts[0]!,
        "while dissecting": longest.length - counts[0]!,
        "longest, ms": Math.max(0, ...longest),
        "page's CPU of a stroke, ms": median(strokes),
      },
    };
  } finally {
    observer.disconnect();
    frame.remove();
  }
}

/** Paints with the keyboard, and returns how long the page took for each step. */
async function painted(paint: GanPaint): Promise<number[]> {
  const surface = paint.shadowRoot!.querySelector<HTMLElement>("[part=surface]")!;
  const press = (type: "keydown" | "keyup", key: string) =>
    surface.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }));
  const times: number[] = [];
  let drawn = performance.now();
  const note = (): void => {
    drawn = performance.now();
  };
  paint.addEventListener("gan-rendered", note);
  press("keydown", " ");
  for (let step = 0; step < STEPS; step += 1) {
    await wait(1000 / 60);
    const start = performance.now();
    press("keydown", ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"][step % 4]!);
    times.push(performance.now() - start);
  }
  press("keyup", " ");
  if (paint.strokes.length === 0) throw new Error("The studio painted no stroke.");
  // The last picture may be there already.
  await until(() => performance.now() - drawn > QUIET);
  paint.removeEventListener("gan-rendered", note);
  return times;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => unknown): Promise<void> {
  while (!holds()) await wait(50);
}
