import type { ImageEncoder } from "../report/image.ts";
import { padded } from "../runtime/graph.ts";
import { COLUMNS, drawAtlas } from "./atlas.ts";
import { type Call, idOf, layersOf, masksOf, projectOf, queriedProject, rowOf } from "./call.ts";
import { dissectionStream } from "./dissection-stream.ts";
import { textOf, wholeOf } from "./fields.ts";
import { layerOf, readInterventions } from "./interventions.ts";
import { sized } from "./pictures.ts";
import type { ServedProject } from "./project.ts";
import { badRequest, notFound } from "./refused.ts";

// Tests: test/server/v1.test.ts

const MOST_UNITS = 1_000_000;
const DEFAULT_TOP = 8;
const JPEG_QUALITY = 95;
const [TILE, LEAST_TILE, MOST_TILE] = [72, 8, 256];

/** Our own routes: pictures as bytes, what is at a pixel, a layer's units, a dissection. */
export const V1: Readonly<
  Record<string, Readonly<Partial<Record<"GET" | "POST", (call: Call) => Promise<Response>>>>>
> = {
  "/v1/image": { POST: image },
  "/v1/pixel": { POST: pixel },
  "/v1/dissect": { GET: dissectionStream },
};

/** `/v1/units/{layer}/atlas.webp`, whose layer is in the address. */
export const ATLAS = /^\/v1\/units\/([^/]+)\/atlas\.(webp|png)$/;

type Format = "png" | "jpeg" | "webp";
const FORMATS: readonly Format[] = ["png", "jpeg", "webp"];

/** {project, id | z, interventions?, size?, format?}: the picture's bytes. */
async function image(call: Call): Promise<Response> {
  const { fields, limits, encoder, signal } = call;
  const project = projectOf(call, fields["project"]);
  const { generator, renderer } = project;
  const row = rowOf(fields, project, limits);
  const format = textOf(fields["format"] ?? "png", "format") as Format;
  if (!FORMATS.includes(format))
    throw badRequest(`"${format.slice(0, 20)}" is no format.`, `Ask for ${FORMATS.join(", ")}.`);
  const size = wholeOf(fields["size"] ?? generator.resolution, "size", 1, limits.maskEdge);
  const edits = await readInterventions(fields["interventions"], generator, masksOf(call), limits);
  const [made] = await renderer.images(row, { edits, signal });
  return encoded(sized(made!, size), format, encoder);
}

/** Formats that the encoder has not become PNG. */
async function encoded(
  picture: ReturnType<typeof sized>,
  format: Format,
  encoder: ImageEncoder,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const kind = format === "webp" ? "png" : format;
  const bytes = kind === "jpeg" ? await encoder.jpeg(picture, JPEG_QUALITY) : await encoder.png(picture);
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": `image/${kind}`, ...headers } });
}

/** {project, id, x, y, layers?, top?, interventions?}: which units are on there, by layer. */
async function pixel(call: Call): Promise<Response> {
  const { fields, limits, signal } = call;
  const project = projectOf(call, fields["project"]);
  const { generator, renderer } = project;
  const id = idOf(fields["id"], limits);
  const x = wholeOf(fields["x"], "x", 0, generator.width - 1);
  const y = wholeOf(fields["y"], "y", 0, generator.height - 1);
  const top = wholeOf(fields["top"] ?? DEFAULT_TOP, "top", 1, MOST_UNITS);
  const layers = layersOf(fields["layers"], project);
  const edits = await readInterventions(fields["interventions"], generator, masksOf(call), limits);
  const names = layers.map(({ name }) => name);
  const features = await renderer.features(renderer.rowsOf([id]), names, { edits, signal });
  const found: Record<string, unknown> = {};
  const [high, wide] = generator.uncropped;
  for (const layer of layers) {
    const { name, height, width, channels } = layer;
    const cell = Math.floor((y * height) / high) * width + Math.floor((x * width) / wide);
    const values = features
      .get(name)!
      .subarray(cell * padded(channels))
      .subarray(0, channels);
    found[name] = await unitsAt(project, layer, values, top);
  }
  return Response.json({ layers: found });
}

/** The units that are the highest among their own activations, the highest first. */
async function unitsAt(
  project: ServedProject,
  layer: ReturnType<typeof layerOf>,
  values: Float32Array,
  top: number,
): Promise<readonly object[]> {
  const table = await project.quantiles(layer);
  const labels = project.labels(layer.name);
  return Array.from(values, (value, unit) => ({ unit, value, quantile: table.quantile(unit, value) }))
    .sort((a, b) => b.quantile - a.quantile || b.value - a.value || a.unit - b.unit)
    .slice(0, top)
    .map((each) => ({ ...each, label: labels[each.unit] ?? null }));
}

/** ?project=&size=72: the units of a dissected layer on tiles of so many pixels, 16 a row. */
export async function atlas(call: Call, name: string, format: string): Promise<Response> {
  const project = queriedProject(call);
  if (!project.generator.hiddenLayers.some((layer) => layer.name === name)) {
    throw notFound(`${project.name} has no layer "${name.slice(0, 60)}".`, "Ask for a layer of `layers`.");
  }
  const asked = call.url.searchParams.get("size");
  const size = wholeOf(asked === null ? TILE : Number(asked), "size", LEAST_TILE, MOST_TILE);
  const drawn = await drawAtlas(project, layerOf(project.generator, name), size, call.signal);
  return encoded(drawn, format === "webp" ? "webp" : "png", call.encoder, { "x-atlas-columns": `${COLUMNS}` });
}
