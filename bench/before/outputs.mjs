// Whether two builds wrote the same, and if not, how far it is apart.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);

/** What is to be said of each of the files, of two folders. */
export async function compareFolders(before, after, files) {
  const said = {};
  for (const file of files) {
    const [a, b] = await Promise.all([readFile(join(before, file)), readFile(join(after, file))]);
    said[file] = compare(file, a, b);
  }
  return said;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export function compare(file, a, b) {
  if (hash(a) === hash(b)) return `equal (sha256 ${hash(a)}…)`;
  if (file.endsWith(".csv")) return compareTables(parseCsv(text(a)), parseCsv(text(b)));
  if (file.endsWith(".safetensors")) return compareTensors(parseTensors(a), parseTensors(b));
  return `differ (sha256 ${hash(a)}…, ${hash(b)}…)`;
}

const text = (bytes) => new TextDecoder().decode(bytes);

/**
 * RFC 4180, as far as our tables go: rows of cells, a quoted cell may hold commas, quotes and line
 * ends.
 */
export function parseCsv(csv) {
  const rows = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\n") rows.push([]);
    else if (end === "") break;
  }
  if (rows.at(-1).join("") === "") rows.pop();
  return rows;
}

function compareTables([columns, ...a], [others, ...b]) {
  if (columns.join() !== others.join()) return "differ in their columns";
  if (a.length !== b.length) return `differ: ${a.length} and ${b.length} rows`;
  const parts = columns.flatMap((column, at) => {
    let cells = 0;
    let most = 0;
    for (const [i, row] of a.entries()) {
      if (row[at] === b[i][at]) continue;
      cells += 1;
      most = Math.max(most, apart(Number(row[at]), Number(b[i][at])));
    }
    const far = Number.isFinite(most) && most > 0 ? `, by ${most.toExponential(1)} at most` : "";
    return cells === 0 ? [] : [`${column} in ${cells} of ${a.length} rows${far}`];
  });
  return parts.length === 0 ? "equal in every cell" : `differ: ${parts.join("; ")}`;
}

/**
 * Relative to the larger of them. Text, and what is no number in one of them only, is infinitely
 * far apart.
 */
function apart(a, b) {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const distance = Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
  I64: BigInt64Array,
};

/** The tensors of a safetensors file, by name. */
export function parseTensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(text(bytes.subarray(8, 8 + length)));
  const tensors = new Map();
  for (const [name, { dtype, data_offsets: range }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (!(dtype in ARRAYS)) throw new Error(`The tensor ${name} is of type ${dtype}, which is not read here.`);
    const [from, to] = range;
    // A copy at its own start: a Buffer's slice is a view into the whole file.
    const data = new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to));
    tensors.set(name, new ARRAYS[dtype](data.buffer));
  }
  return tensors;
}

function compareTensors(a, b) {
  const names = [...new Set([...a.keys(), ...b.keys()])];
  const parts = names.flatMap((name) => {
    const [x, y] = [a.get(name), b.get(name)];
    if (!x || !y) return [`${name} is only in the one ${x ? "before" : "after"}`];
    if (x.length !== y.length) return [`${name} has ${x.length} and ${y.length} numbers`];
    let count = 0;
    let most = 0;
    x.forEach((value, at) => {
      const distance = apart(Number(value), Number(y[at]));
      if (distance > 0) count += 1;
      most = Math.max(most, distance);
    });
    return count === 0 ? [] : [`${name} in ${count} of ${x.length}, by ${most.toExponential(1)} at most`];
  });
  return parts.length === 0 ? "equal in every number" : `differ: ${parts.join("; ")}`;
}

/**
 * How ours agrees with the published program, whose quantiles are estimates: of units.csv and its
 * dissect.json the units of one label, and how far the medians of the differences of level
 * (relative to the layer's largest) and IoU are.
 */
export function compareUnits(csv, published) {
  const [columns, ...rows] = parseCsv(csv);
  const column = (name) => columns.indexOf(name);
  const theirs = new Map(
    published.layers.flatMap(({ layer, units }) => units.map((unit) => [`${layer} ${unit.unit}`, unit])),
  );
  const largest = new Map(
    published.layers.map(({ layer, units }) => [layer, Math.max(...units.map(({ level }) => Math.abs(level)))]),
  );
  let same = 0;
  const levels = [];
  const ious = [];
  for (const row of rows) {
    const layer = row[column("layer")];
    const unit = theirs.get(`${layer} ${row[column("unit")]}`);
    if (!unit) throw new Error(`The published program has no unit ${row[column("unit")]} of ${layer}.`);
    if (unit.iou_label !== (row[column("label")] || "-")) continue;
    same += 1;
    levels.push(Math.abs(unit.level - Number(row[column("level")])) / largest.get(layer));
    ious.push(Math.abs(unit.iou - Number(row[column("iou")])));
  }
  const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return { units: rows.length, same, level: middle(levels), iou: middle(ious) };
}
