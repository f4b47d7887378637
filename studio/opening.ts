import { openSession } from "../src/elements/open-session.ts";
import type { LoadRequest, Recipe, Session } from "../src/session/index.ts";
import { givenBy } from "./given.ts";
import { showLoading, showProgress } from "./loading.ts";
import { complain } from "./notices.ts";
import { part } from "./page.ts";
import { begin, begun, firstRecipe, watchDrawing } from "./working.ts";

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
const scenes64 = (): Opened => ({
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

/** Opens what the address asks for, or what comes along. */
export async function openFirst(): Promise<void> {
  const given = await givenBy(location.href).catch(complain);
  await (given ? openGenerator(given, firstRecipe) : openGenerator(scenes64(), firstRecipe("scenes64")));
}

/**
 * Opens a generator in place of the one that is shown, which stays if this one cannot be opened:
 * its picture first, then what its units detect, then who says what is where in a picture.
 * @returns whether it is shown.
 */
export async function openGenerator(
  { report, rankings, segmenter, quantiles, ...request }: Opened,
  beginning: Promise<Recipe | undefined> | ((model: string) => Promise<Recipe | undefined>),
): Promise<boolean> {
  const element = part("session");
  const loading = showLoading("generator");
  let fresh: Session | undefined;
  try {
    fresh = await openSession({ worker: beside("worker.min.js") });
    fresh.on("progress", showProgress);
    const loaded = await fresh.load(request);
    const recipe = await (typeof beginning === "function" ? beginning(loaded.model!.name) : beginning);
    const before = element.session;
    element.session = undefined;
    before?.dispose();
    begin(recipe, loaded.model!.name);
    watchDrawing(fresh);
    element.session = fresh;
    await drawn();
    loading.done();
    const known = report === undefined || (await load({ report }));
    if (rankings !== undefined) await load({ report: rankings });
    if (quantiles !== undefined && known && element.session === fresh) await load({ quantiles });
    if (element.session === fresh) begun();
    if (segmenter !== undefined && element.session === fresh) await load({ segmenter });
    return true;
  } catch (error) {
    loading.failed();
    if (fresh && fresh !== element.session) fresh.dispose();
    complain(error);
    return false;
  }
}

/** Settles when the picture is on the screen. */
const drawn = (): Promise<void> =>
  new Promise((resolve) => {
    part("paint").addEventListener("gan-rendered", () => resolve(), { once: true });
  });

/** Loads what the picture does not need, without which there is less to see and no more. */
export async function load(request: Pick<LoadRequest, "segmenter" | "report" | "quantiles">): Promise<boolean> {
  const loading = showLoading(request.segmenter === undefined ? "report" : "segmenter");
  try {
    await part("session").session?.load(request);
    return true;
  } catch (error) {
    complain(error);
    return false;
  } finally {
    loading.done();
  }
}
