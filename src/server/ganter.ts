import type { Edit } from "../models/edits.ts";
import { type Call, idsOf, layersOf, masksOf, projectOf, queriedProject, rowsOf } from "./call.ts";
import { fractionsOf, quantileMaps, unitStats } from "./features.ts";
import { fractionOf, listOf } from "./fields.ts";
import { layerOf, readInterventions } from "./interventions.ts";
import { dataUrl } from "./pictures.ts";
import { labelOf, type ServedProject } from "./project.ts";
import { badRequest } from "./refused.ts";

// Tests: test/server/handler.test.ts

// The published server's routes ("Ganter API 0.1", netdissect/server.yaml of gandissect), with its
// answers to the letter; where it fails we say what is wrong, and answer what can be answered.

/** What a route answers, as JSON. */
export type Answer = (call: Call) => unknown;

export const GANTER: Readonly<Record<string, { readonly GET?: Answer; readonly POST?: Answer }>> = {
  "/all_projects": { GET: allProjects },
  "/layers": { GET: layers },
  "/units": { GET: units },
  "/rankings": { GET: rankings },
  "/levels": { GET: levels },
  // Described there without anything behind it, and asked for by no page.
  "/channels": { GET: channels },
  "/recipes": { GET: recipes },
  "/generate": { POST: generate },
  "/features": { POST: features },
  "/featuremaps": { POST: featuremaps },
};

function allProjects({ projects }: Call): unknown {
  const byName = [...projects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return byName.map(({ name, layers }) => ({ project: name, info: { layers: layers.map((layer) => layer.name) } }));
}

function layers(call: Call): unknown {
  const project = queriedProject(call);
  const res = project.layers.map(({ name, channels, height, width }) => ({
    layer: name,
    channels,
    shape: [height, width],
  }));
  return { request: { project: project.name }, res };
}

/** A layer's name in an address; the published description has a default that is none. */
const queriedLayer = ({ url }: Call): string => url.searchParams.get("layer") ?? "1";

function units(call: Call): unknown {
  const project = queriedProject(call);
  const layer = queriedLayer(call);
  const folder = dataPath(call, project, project.folder(layer));
  const res = project.dissected(layer)?.units.map((unit, i) => ({
    unit: i,
    img: `${folder}/s-image/${i}-top.jpg`,
    label: labelOf(unit),
  }));
  return { request: { project: project.name, layer }, res: res ?? null };
}

function rankings(call: Call): unknown {
  const project = queriedProject(call);
  const layer = queriedLayer(call);
  const res = project
    .dissected(layer)
    ?.rankings.map(({ name, metric, score }) => ({ name, metric: metric ?? null, scores: score }));
  return { request: { project: project.name, layer }, res: res ?? null };
}

function channels(call: Call): unknown {
  return { request: { project: queriedProject(call).name, layer: queriedLayer(call) }, res: { channels: [] } };
}

function recipes(call: Call): unknown {
  return { request: { project: queriedProject(call).name }, res: [] };
}

async function levels(call: Call): Promise<unknown> {
  const project = queriedProject(call);
  const layer = layerOf(project.generator, queriedLayer(call));
  const asked = call.url.searchParams.getAll("quantiles").flatMap((text) => text.split(","));
  const quantiles = listOf(asked, "quantiles", call.limits.ids).map((text, i) =>
    fractionOf((text as string).trim() === "" ? undefined : Number(text), `quantiles[${i}]`),
  );
  if (quantiles.length === 0) throw badRequest("There are no quantiles.", "Ask for some, such as quantiles=0.99.");
  const table = await project.quantiles(layer);
  const levels = quantiles.map((quantile) => table.levels(quantile));
  const res = Array.from({ length: layer.channels }, (_, unit) => levels.map((units) => units[unit]));
  return { request: { project: project.name, layer: layer.name, quantiles }, res };
}

/**
 * Ablations beside the interventions come first: ganclient sends its "ablated" column like that, to
 * a server that passes them over.
 */
async function generate(call: Call): Promise<unknown> {
  const { fields, limits, pictures, signal } = call;
  const project = projectOf(call, fields["project"]);
  const { ids, rows } = rowsOf(fields, project, limits);
  const { interventions, ablations } = fields;
  const beside = listOf(ablations ?? [], "ablations", limits.ablations);
  const given = listOf(interventions ?? [], "interventions", limits.interventions);
  const all = beside.length > 0 ? [{ ablations: beside }, ...given] : given;
  const edits = await readInterventions(all, project.generator, masksOf(call), limits);
  if (ids && all.length === 0) {
    await pictures.plain(project, ids, signal); // now, together: they are asked for one by one
    const res = ids.map((id) => ({ id, d: dataPath(call, project, `cache/img/id/${id}.jpg`) }));
    return { request: fields, res };
  }
  const jpegs = await pictures.edited(project, rows, edits, signal);
  const shown = fields["return_urls"]
    ? (jpeg: Uint8Array) => dataPath(call, project, pictures.keep(project, jpeg))
    : dataUrl;
  return { request: fields, res: jpegs.map((jpeg) => ({ d: shown(jpeg) })) };
}

async function features(call: Call): Promise<unknown> {
  const { fields, limits } = call;
  const project = projectOf(call, fields["project"]);
  const { generator } = project;
  const ids = idsOf(fields["ids"], limits);
  const masks = await readMasks(call, ids.length);
  const { layers, made } = await featuresOf(call, project, ids);
  const res: Record<string, object> = {};
  for (const layer of layers) {
    const stats = unitStats(made.get(layer.name)!, layer, masks, generator);
    const table = await project.quantiles(layer);
    res[layer.name] = {
      ...stats,
      max_quantile: fractionsOf(table, stats.max),
      mean_quantile: fractionsOf(table, stats.mean),
    };
  }
  return { request: fields, res };
}

/** One mask for each image; without masks they are everywhere. */
async function readMasks(call: Call, images: number) {
  const { masks } = call.fields;
  const list = listOf(masks ?? [], "masks", call.limits.ids);
  if (list.length === 0) return new Array<undefined>(images).fill(undefined);
  if (list.length !== images)
    throw badRequest(`${images} images have ${list.length} masks.`, "Send one for each image.");
  const reader = masksOf(call);
  const read = [];
  for (const [i, mask] of list.entries()) read.push(await reader.read(mask, `masks[${i}]`));
  return read;
}

async function featuremaps(call: Call): Promise<unknown> {
  const { fields, limits } = call;
  const project = projectOf(call, fields["project"]);
  const ids = idsOf(fields["ids"], limits);
  const { layers, made } = await featuresOf(call, project, ids);
  const res: Record<string, unknown> = {};
  for (const layer of layers) {
    const table = await project.quantiles(layer);
    res[layer.name] = quantileMaps(made.get(layer.name)!, layer, ids.length, table);
  }
  return { request: fields, res };
}

/** The layers that are asked for, and their features with the request's interventions. */
async function featuresOf(call: Call, project: ServedProject, ids: readonly number[]) {
  const { fields, limits, signal } = call;
  const layers = layersOf(fields["layers"], project);
  const numbers = layers.reduce((sum, { height, width, channels }) => sum + height * width * channels, 0) * ids.length;
  if (numbers > limits.features) {
    throw badRequest(`${ids.length} images have ${numbers} features there.`, "Ask for fewer images, or fewer layers.");
  }
  const edits: Edit[] = await readInterventions(fields["interventions"], project.generator, masksOf(call), limits);
  const names = layers.map(({ name }) => name);
  const made = await project.renderer.features(project.renderer.rowsOf(ids), names, { edits, signal });
  return { layers, made };
}

/** The address of a project's file. */
const dataPath = ({ base }: Call, { name }: ServedProject, path: string): string =>
  `${base}/data/${encodeURIComponent(name)}/${path.split("/").map(encodeURIComponent).join("/")}`;
