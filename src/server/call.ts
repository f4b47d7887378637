import type { LayerInfo } from "../networks/network.ts";
import type { ImageEncoder } from "../report/image.ts";
import { type Fields, listOf, numberOf, textOf, wholeOf } from "./fields.ts";
import { layerOf } from "./interventions.ts";
import type { Limits } from "./limits.ts";
import { type ImageDecoder, MaskReader } from "./masks.ts";
import type { Pictures } from "./pictures.ts";
import type { ServedProject } from "./project.ts";
import { badRequest, notFound } from "./refused.ts";

// Tests: test/server/handler.test.ts

/** What all requests are answered with. */
export interface Served {
  readonly projects: ReadonlyMap<string, ServedProject>;
  readonly encoder: ImageEncoder;
  readonly decoder: ImageDecoder;
  readonly pictures: Pictures;
  readonly limits: Limits;
  /** Before all paths. */
  readonly base: string;
}

/** One request. */
export interface Call extends Served {
  readonly url: URL;
  readonly signal: AbortSignal;
  /** Of a POST's body. */
  readonly fields: Fields;
  /** The file that is a POST's body, where its route takes one. */
  readonly file?: Uint8Array;
  /** What the client has already, by its ETag. */
  readonly known: readonly string[];
  /** The last event of a stream that the client has seen. */
  readonly lastEvent: string | null;
}

/** The project that is named. @throws Refused 400, 404 */
export function projectOf({ projects }: Served, given: unknown): ServedProject {
  const name = textOf(given ?? undefined, "project");
  const project = projects.get(name);
  if (project) return project;
  throw notFound(`There is no project "${name.slice(0, 60)}".`, `There are ${[...projects.keys()].join(", ")}.`);
}

/** The project that the address names. */
export const queriedProject = (call: Call): ServedProject => projectOf(call, call.url.searchParams.get("project"));

/** Reads the masks of this request. */
export const masksOf = ({ decoder, limits }: Served): MaskReader => new MaskReader(decoder, limits);

/** Ids of images. */
export function idsOf(given: unknown, limits: Limits): number[] {
  const list = listOf(given, "ids", limits.ids);
  if (list.length === 0) throw badRequest("ids is empty.", "Name at least one image.");
  return list.map((id, i) => idOf(id, limits, `ids[${i}]`));
}

/** The id of one image. */
export const idOf = (given: unknown, { lastId }: Limits, what = "id"): number => wholeOf(given, what, 0, lastId);

/** The layers that are named; those that clients are offered where none is. */
export function layersOf(given: unknown, { generator, layers }: ServedProject): readonly LayerInfo[] {
  if (given === undefined || given === null) return layers;
  const names = listOf(given, "layers", generator.layers.length);
  return names.map((name, i) => layerOf(generator, textOf(name, `layers[${i}]`)));
}

/** What images are to be made of: the seed's rows, or rows that are given. */
export function rowsOf({ ids: given, zs }: Fields, project: ServedProject, limits: Limits) {
  if (isOneOf(given, zs, ["ids", "zs"])) {
    const ids = idsOf(given, limits);
    return { ids, rows: project.renderer.rowsOf(ids) };
  }
  const list = listOf(zs, "zs", limits.ids);
  const { rowSize } = project.generator;
  const rows = new Float32Array(list.length * rowSize);
  for (const [i, z] of list.entries()) rows.set(givenRow(z, `zs[${i}]`, project), i * rowSize);
  return { ids: undefined, rows };
}

/** What one image is to be made of. */
export function rowOf({ id, z }: Fields, project: ServedProject, limits: Limits): Float32Array {
  return isOneOf(id, z, ["id", "z"]) ? project.renderer.rowsOf([idOf(id, limits)]) : givenRow(z, "z", project);
}

/** Whether there is the one; @throws Refused 400 unless it or the other is there */
function isOneOf(one: unknown, other: unknown, [name, another]: readonly [string, string]): boolean {
  const [has, hasOther] = [one, other].map((value) => value !== undefined && value !== null);
  if (has !== hasOther) return has!;
  const both = has ? `are both ${name} and` : `is neither ${name} nor`;
  throw badRequest(`There ${both} ${another}.`, "Send one of the two.");
}

function givenRow(given: unknown, what: string, { generator: { name, rowSize } }: ServedProject): Float32Array {
  const numbers = listOf(given, what, rowSize);
  if (numbers.length === rowSize) return Float32Array.from(numbers, (number, k) => numberOf(number, `${what}[${k}]`));
  throw badRequest(`${what} has ${numbers.length} numbers.`, `${name} takes ${rowSize}.`);
}
