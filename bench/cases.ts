import { convolutions } from "./cases/convolutions.ts";
import { FORWARD } from "./cases/forward.ts";
import { STATISTICS } from "./cases/statistics.ts";
import { STROKES } from "./cases/strokes.ts";
import { STUDIO } from "./cases/studio.ts";
import { UPDATE } from "./cases/update.ts";
import { WHOLE } from "./cases/whole.ts";
import type { Lab, Measured } from "./compete.ts";
import type { Files } from "./places.ts";

export interface Case {
  readonly name: string;
  /** In the default run. */
  readonly headline: boolean;
  /** Where frames are drawn, which is not in Node. */
  readonly browser?: boolean;
  measure(lab: Lab): Promise<Measured>;
}

/** Every case, in the order in which they run. */
export async function allCases(files: Files): Promise<Case[]> {
  return [...WHOLE, ...STUDIO, ...STROKES, ...FORWARD, ...UPDATE, ...STATISTICS, ...(await convolutions(files))];
}
