import type { Generator } from "../models/generator.ts";
import type { DissectJson } from "../report/gandissect.ts";
import { type Findings, type LayerFindings, readFindings } from "../session/findings.ts";
import { parseJson } from "../weights/json.ts";

// Tests: test/server/session-routes.test.ts

/** What of a project is needed. */
interface Known {
  readonly generator: Pick<Generator, "name" | "layers">;
  readonly dissection: Pick<DissectJson, "layers"> | undefined;
  readonly files: { read(path: string): Promise<Uint8Array | undefined> };
}

/**
 * What a project's folder says of units: `dissect.json`, which has the rankings, and of a
 * `report.json` beside it the labels with their categories, and the report itself. Layers that the
 * generator does not have are left out.
 */
export async function findingsOf({ dissection, files, generator }: Known): Promise<Findings | undefined> {
  const ranked = dissection && fitting(readFindings({ ...dissection, netname: generator.name }), generator);
  const reported = await reportOf(files);
  const own = reported && fitting(reported, generator);
  if (!own || own.layers.size === 0) return ranked;
  const layers = [...own.layers].map(([name, layer]): [string, LayerFindings] => [
    name,
    { ...layer, rankings: ranked?.layers.get(name)?.rankings ?? layer.rankings },
  ]);
  return { ...own, layers: new Map([...(ranked?.layers ?? []), ...layers]) };
}

/** `report.json`, where there is one that can be read: `dissect.json` is what counts. */
async function reportOf(files: Known["files"]): Promise<Findings | undefined> {
  const bytes = await files.read("report.json");
  try {
    return bytes && readFindings(parseJson(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

function fitting(findings: Findings, { layers }: Known["generator"]): Findings {
  const fits = ([name, { detects }]: readonly [string, LayerFindings]): boolean =>
    layers.some((layer) => layer.name === name && layer.channels === detects.length);
  return { ...findings, layers: new Map([...findings.layers].filter(fits)) };
}
