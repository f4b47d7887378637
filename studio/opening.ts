import { connect, type Progress, type Session } from "../src/session/index.ts";
import { complain } from "./notices.ts";
import { part } from "./page.ts";

/** What the studio shows at first, beside it. */
const SCENES64 = {
  name: "scenes64",
  generator: "weights/scenes64/generator.safetensors",
  segmenter: { weights: "weights/scenes64/segmenter.safetensors", labels: "weights/scenes64/labels.json" },
  report: "scenes64/report.json",
};

const beside = (path: string): string => new URL(path, document.baseURI).href;

/**
 * Opens the first generator: its picture first, then what its units detect, then who says what is
 * where in a picture.
 */
export async function openFirst(): Promise<void> {
  const { name, generator, segmenter, report } = SCENES64;
  try {
    const session = await connect({ worker: beside("worker.min.js") });
    session.on("progress", waited);
    await session.load({ generator: beside(generator), name });
    part("session").session = session;
    await firstPicture();
    await later(session, { report: beside(report) });
    await later(session, {
      segmenter: { weights: beside(segmenter.weights), labels: beside(segmenter.labels) },
    });
  } catch (error) {
    part("waiting").textContent = "";
    complain(error);
  }
}

/** Settles when the picture is on the screen. */
const firstPicture = (): Promise<void> =>
  new Promise((resolve) => {
    const { parentElement } = part("paint");
    parentElement!.addEventListener(
      "gan-rendered",
      () => {
        part("waiting").hidden = true;
        resolve();
      },
      { once: true },
    );
  });

/** Loads what the picture does not need, without which there is less to see and no more. */
async function later(session: Session, request: Parameters<Session["load"]>[0]): Promise<void> {
  try {
    await session.load(request);
  } catch (error) {
    complain(error);
  }
}

function waited({ phase, done, total }: Progress): void {
  if (phase !== "generator") return;
  const share = total === undefined ? "" : ` ${Math.floor((100 * done) / Math.max(1, total))} %`;
  part("waiting").textContent = done === total ? "Waking the GPU…" : `Loading the generator…${share}`;
}
