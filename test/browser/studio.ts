/** A page, and its workers, that draw a report's pictures both ways; see studio.test.ts. */
import { webStudio } from "../../src/cli/chrome/studio.ts";
import { canvasEncoder } from "../../src/report/encode-canvas.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import type { Studio } from "../../src/report/studio.ts";
import { serveStudio } from "../../src/report/studio-worker.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture, PROVENANCE } from "../report/fixture.ts";

export interface Outcome {
  readonly files: number;
  readonly different: readonly string[];
  readonly width: number | undefined;
}

const text = (data: Uint8Array | string | undefined): string => (typeof data === "string" ? data : String(data));

async function compare(): Promise<Outcome> {
  const make = webStudio(import.meta.url);
  const { dissection, pictures } = fixture({ layers: [{ layer: "layer4", units: 130, size: 8 }], examples: 16 });
  const options = { encoder: canvasEncoder(), provenance: PROVENANCE };
  const [one, many] = [memoryFolder(), memoryFolder()];
  let studio: Studio | undefined;
  await writeReport(one, dissection, pictures(), options);
  await writeReport(many, dissection, pictures(), {
    ...options,
    studio: async (plan) => {
      studio = await make(plan);
      return studio;
    },
  });
  const different = [...one.files].filter(([path, data]) => text(data) !== text(many.files.get(path)));
  return { files: many.files.size, different: different.map(([path]) => path), width: studio?.width };
}

if ("document" in globalThis) (globalThis as { compare?: typeof compare }).compare = compare;
else {
  const worker = globalThis as unknown as Pick<Worker, "postMessage" | "onmessage">;
  const draw = serveStudio(canvasEncoder(), (message, transfer) => worker.postMessage(message, transfer));
  worker.onmessage = ({ data }) => draw(data);
}
