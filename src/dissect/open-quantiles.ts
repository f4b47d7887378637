import { openSource } from "../weights/open.ts";
import type { LoadOptions, SourceLike } from "../weights/source.ts";
import { openZip } from "../weights/zip.ts";
import type { QuantileTable } from "./quantile-table.ts";
import { openRunningQuantiles } from "./running-quantiles.ts";
import { openUnitQuantiles } from "./unit-quantiles.ts";

/**
 * `LAYER/quantiles.npz` of a report folder: `ganatomy dissect`'s, or gandissect's.
 * @throws WeightsError for another file; see `openCheckpoint`.
 */
export async function openQuantiles(given: SourceLike, options: LoadOptions = {}): Promise<QuantileTable> {
  const source = await openSource(given, options);
  const { signal } = options;
  // What is no archive at all is refused as what it is not.
  const entries = await openZip(source).catch(() => undefined);
  if (entries && !entries.has("levels.npy")) return openRunningQuantiles(entries, source.name);
  return openUnitQuantiles(source, { ...(signal && { signal }) });
}
