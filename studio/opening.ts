import { openSession } from "../src/elements/open-session.ts";
import type { LoadRequest, Recipe, Session } from "../src/session/index.ts";
import { keptLatents } from "./keeping.ts";
import { showLoading, showProgress } from "./loading.ts";
import { complain } from "./notices.ts";
import { framed, part } from "./page.ts";
import { type Opening, Turns } from "./turns.ts";
import { begin, begun, fitting, keepNow, watchDrawing } from "./working.ts";

/** What a studio shows: a generator, and what is known of it and by whom. */
export interface Opened extends Pick<LoadRequest, "name" | "network" | "classes"> {
  readonly generator: NonNullable<LoadRequest["generator"]>;
  readonly segmenter?: NonNullable<LoadRequest["segmenter"]>;
  readonly report?: NonNullable<LoadRequest["report"]>;
  /** The dissect.json beside the report. */
  readonly rankings?: NonNullable<LoadRequest["report"]>;
  /** `LAYER/quantiles.npz` beside it, by layer. */
  readonly quantiles?: NonNullable<LoadRequest["quantiles"]>;
}

/**
 * The address of a file beside the page, of the page's own build if it says which: then no cache on
 * the way can give an older one.
 */
function beside(path: string): string {
  const url = new URL(path, document.baseURI);
  const { build } = document.documentElement.dataset;
  if (build !== undefined) url.searchParams.set("b", build);
  return url.href;
}

/** What it shows at first, beside it. */
export const scenes64 = (): Opened => ({
  name: "scenes64",
  generator: beside("weights/scenes64/generator.safetensors"),
  report: beside("scenes64/report.json"),
  rankings: beside("scenes64/dissect.json"),
  // Of the layer that is painted on first: those of all would be a third of the report again.
  quantiles: { layer4: beside("scenes64/layer4/quantiles.npz") },
  segmenter: {
    weights: beside("weights/scenes64/segmenter.safetensors"),
    labels: beside("weights/scenes64/labels.json"),
  },
});

const turns = new Turns(() => part("session").session !== undefined);

/** Opens something, of which nothing is seen any more once something later is. */
export function inTurn(work: (opening: Opening) => Promise<void>): void {
  void turns.open(work, complain);
}

/**
 * Opens a generator in place of the one that is shown, which stays if this one cannot be opened:
 * its picture first, then what its units detect, then who says what is where in a picture.
 * @throws what `load` of a session does; the opening's reason.
 */
export async function openGenerator(
  opening: Opening,
  { report, rankings, segmenter, quantiles, ...request }: Opened,
  beginning: Promise<Recipe | undefined> | ((model: string) => Promise<Recipe | undefined>),
): Promise<void> {
  const element = part("session");
  opening.replaces();
  const { signal } = opening;
  const loading = showLoading("generator", signal);
  let fresh: Session | undefined;
  try {
    fresh = await openSession({ worker: beside("worker.min.js") }, signal);
    fresh.on("progress", (progress) => signal.aborted || showProgress(progress));
    const loaded = await fresh.load({ ...request, signal });
    const model = loaded.model!;
    for (const file of await keptLatents(model.name)) {
      // What was dropped on it in an earlier visit; what is of another file of its name is not.
      await fresh.load({ latents: file, signal }).catch(() => signal.throwIfAborted());
    }
    const asked = await (typeof beginning === "function" ? beginning(model.name) : beginning);
    const recipe = await fitting(asked, fresh.loaded!);
    opening.shows();
    void keepNow();
    const before = element.session;
    element.session = undefined;
    before?.dispose();
    begin(recipe);
    watchDrawing(fresh);
    element.session = fresh;
    await drawn(fresh, signal);
  } catch (error) {
    if (fresh && fresh !== element.session) fresh.dispose();
    loading.failed();
    throw error;
  }
  loading.done();
  await framed();
  signal.throwIfAborted();
  const known = report === undefined || (await load(opening, { report }));
  if (rankings !== undefined) await load(opening, { report: rankings });
  if (quantiles !== undefined && known) await load(opening, { quantiles });
  begun();
  if (segmenter !== undefined) await load(opening, { segmenter });
}

/** Settles when the picture is on the screen, or cannot be drawn, which is said elsewhere. */
async function drawn(session: Session, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    part("paint").addEventListener("gan-rendered", () => resolve(), { once: true });
    session.on("error", () => resolve());
    signal.addEventListener("abort", () => resolve());
  });
  signal.throwIfAborted();
}

/**
 * Loads what the picture does not need, without which there is less to see and no more.
 * @returns whether it is there.
 * @throws the opening's reason.
 */
export async function load(
  { signal }: Opening,
  request: Pick<LoadRequest, "segmenter" | "report" | "quantiles" | "latents">,
): Promise<boolean> {
  const phase = (["segmenter", "latents"] as const).find((name) => request[name] !== undefined) ?? "report";
  const loading = showLoading(phase, signal);
  try {
    await part("session").session?.load({ ...request, signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    complain(error);
    return false;
  } finally {
    loading.done();
  }
}
