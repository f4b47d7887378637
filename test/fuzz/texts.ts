import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { reportJson, reportUnit } from "../report/report-json.ts";
import { bytes } from "../weights/fixtures.ts";
import { anything } from "./containers.ts";
import { STATE_FORMAT } from "./openers.ts";
import type { Random } from "./random.ts";

/**
 * What a file is like that is right; a part of it, anywhere, becomes something else, or is there
 * many times.
 */
export function mutated(
  random: Random,
  value: unknown,
  keys: readonly string[],
  odds: number,
  room = { left: 50_000 },
): unknown {
  if (random.chance(odds)) return anything(random, keys);
  if (Array.isArray(value)) {
    const parts = value.map((each) => mutated(random, each, keys, odds, room));
    if (parts.length === 0 || !random.chance(odds)) return parts;
    // what makes a file makes no more of it than a reader may
    const part = random.one(parts);
    const size = JSON.stringify(part)?.length ?? 4;
    const times = Math.min(random.below(2000), Math.floor(room.left / size));
    room.left -= times * size;
    return new Array<unknown>(times).fill(part);
  }
  if (typeof value !== "object" || value === null) return random.chance(odds) ? random.edge() : value;
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [
    random.chance(odds / 2) ? random.one(keys) : key,
    mutated(random, part, keys, odds, room),
  ]);
  return Object.fromEntries(entries.filter(() => !random.chance(odds / 2)));
}

/** JSON of it, or what is hardly any. */
function written(random: Random, like: unknown, keys: readonly string[]): Uint8Array<ArrayBuffer> {
  if (random.chance(0.05))
    return bytes(random.one(["[", '{"a":', '"\\', "[[],", "NaN,", " ", "\n"]).repeat(random.below(30_000)));
  const json = JSON.stringify(mutated(random, like, keys, random.one([0, 0.01, 0.05, 0.2]))) ?? "";
  return bytes(random.chance(0.05) ? `\uFEFF${json}` : json);
}

const list = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));

export function labels(random: Random): Uint8Array<ArrayBuffer> {
  const keys = [
    "name",
    "category",
    "mask",
    "labels",
    "categories",
    "object",
    "object_part",
    "sky",
    "-",
    "l1",
    "c0",
    "segsizes",
    "imageformat",
    "__proto__",
  ];
  const [count, groups] = [1 + random.below(random.one([6, 60])), 1 + random.below(5)];
  const kind = random.below(4);
  if (kind === 0)
    return bytes(
      `Idx,Ratio,Train,Val,Stuff,Name\n${list(count, (i) => `${i + 1},0.1,${i},2,1,${random.one(["a;b", '"a,b"', '"', "", "c"])}`).join("\n")}`,
    );
  if (kind === 1)
    return written(
      random,
      list(count, (i) => `n${random.below(i + 1)}`),
      keys,
    );
  if (kind === 2) {
    const object = ["-", "sky", "building", ...list(count, (i) => `o${i}`)];
    return written(
      random,
      { object, part: object, material: ["-", "m"], object_part: { sky: ["-", "a"], o0: ["-", "b"] } },
      keys,
    );
  }
  return written(
    random,
    {
      categories: list(groups, (i) => ({
        name: `c${i}`,
        ...(i > 0 && random.chance(0.3) && { mask: `l${random.below(count)}` }),
      })),
      labels: list(count, (i) => ({
        name: `l${i}`,
        category: `c${random.below(groups)}`,
        ...(random.chance(0.1) && { internal: true }),
      })),
      segsizes: [256],
      imageformat: { byteorder: "RGB", mean: [0.4, 0.4, 0.4], stdev: [0.2, 0.2, 0.2] },
    },
    keys,
  );
}

export function report(random: Random): Uint8Array<ArrayBuffer> {
  const keys = [
    "layers",
    "units",
    "label",
    "iou",
    "level",
    "top",
    "netname",
    "rankings",
    "score",
    "name",
    "category",
    "labels",
    "settings",
    "image",
    "dirname",
    "schemaVersion",
  ];
  const units = random.below(12);
  if (random.chance(0.5)) {
    const layer = {
      layer: "layer4",
      units: list(units, (i) => ({
        unit: i,
        interp: true,
        level: 0.5,
        iou_label: `l${i % 3}`,
        iou_cat: "object",
        top: [{ imgnum: i, maxact: 1 }],
      })),
      rankings: [{ name: "l0-iou", metric: "iou", score: list(units, (i) => -i) }],
      dirname: random.one(["layer4", "../x", "/etc"]),
    };
    return written(random, { netname: "m", settings: { a: "b" }, layers: [layer] }, keys);
  }
  return written(
    random,
    reportJson({
      model: "m",
      labels: list(4, (i) => ({ name: `l${i}`, category: "object" })),
      layers: [
        {
          layer: "layer4",
          units: list(units, (i) => reportUnit(i, i % 4, { top: [{ image: 1, activation: 2 }] })),
        },
      ],
    }),
    keys,
  );
}

export function recipe(random: Random): Uint8Array<ArrayBuffer> {
  const keys = [
    "version",
    "model",
    "strokes",
    "units",
    "mask",
    "cells",
    "size",
    "value",
    "quantile",
    "concept",
    "top",
    "toward",
    "share",
    "op",
    "id",
    "note",
  ];
  const stroke = (i: number): unknown => ({
    id: `s${i}`,
    op: random.one(["draw", "remove", "copy"]),
    units: random.one<unknown>([[1, 2], "all", { concept: "tree", top: 3 }]),
    value: random.one<unknown>([1, [1, 2], { quantile: 0.99 }]),
    mask: { size: [8, 8], cells: [random.below(64), random.below(64)] },
  });
  const like = random.chance(0.2)
    ? { model: "m", layer: "layer4", units: [1, 2, 3], note: "n" }
    : {
        version: 1,
        model: { name: "m", sha256: "0".repeat(64) },
        seed: 1,
        image: 2,
        toward: [{ seed: 1, image: 2, share: 0.5 }],
        layer: "layer4",
        strokes: random.some(random.one([3, 3, 3, 1100]), stroke),
      };
  const json = written(random, like, keys);
  return random.chance(0.3) ? bytes(deflateRawSync(json).toString("base64url")) : json;
}

export function maskLabels(random: Random): Uint8Array<ArrayBuffer> {
  const keys = ["labels", "name", "category", "-", "a", "__proto__"];
  const names = ["-", ...list(random.below(300), (i) => `n${i}`)];
  return written(
    random,
    random.one<unknown>([names, { labels: names }, { labels: names.map((name) => ({ name, category: "c" })) }]),
    keys,
  );
}

export function description(random: Random): Uint8Array<ArrayBuffer> {
  const keys = [
    "op",
    "x",
    "to",
    "weight",
    "stride",
    "kernel",
    "shape",
    "z",
    "image",
    "range",
    "operations",
    "architecture",
    "layer",
    "name",
    "conv",
    "relu",
    "labels",
    "classes",
    "crop",
  ];
  const step = (i: number): unknown =>
    random.one<unknown>([
      { op: "relu" },
      { op: "reshape", shape: [4, 1, 1] },
      { op: "layer", name: `l${i}` },
      { op: "upsample", scale: random.edge(), mode: "nearest" },
      { op: "conv", weight: "w", stride: random.edge() },
      { op: "add", x: "z", y: `step ${i - 1}` },
      { op: random.one(keys) },
    ]);
  const operations = random.some(random.one([8, 8, 8, 300]), step);
  const like = random.chance(0.6)
    ? {
        z: 4,
        image: random.one([
          [4, 1, 1],
          [3, 8, 8],
          [1, random.edge(), 1],
        ]),
        range: random.one(["-1..1", "0..1", "tiles"]),
        operations,
      }
    : { architecture: "a", operations };
  return written(random, like, keys);
}

const sha256 = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");

/** A state with its hash right, kept JSON, a folder's list, a plan. */
export function state(random: Random): Uint8Array<ArrayBuffer> {
  const keys = [
    "format",
    "about",
    "at",
    "done",
    "tables",
    "sha256",
    "state",
    "key",
    "files",
    "sets",
    "kind",
    "parts",
    "first",
    "end",
    "set",
    "file",
  ];
  const kind = random.below(4);
  if (kind === 0) {
    const tables = random.some(5, (i) => [
      `t${i}`,
      random.one(["Uint8Array", "Float64Array", "Float32Array", "Object", "constructor"]),
      random.chance(0.8) ? random.below(9) : random.edge(),
    ]);
    const body = random.bytes(random.below(200));
    const head = {
      format: STATE_FORMAT,
      about: { key: "k", plan: "p" },
      at: "counts",
      done: random.edge(),
      tables: mutated(random, tables, keys, 0.05),
    };
    return bytes(`${JSON.stringify({ ...head, sha256: sha256(`${JSON.stringify(head)}${sha256(body)}`) })}\n`, body);
  }
  if (kind === 1) {
    const kept = mutated(random, { done: 3, images: [1, 2, 3] }, keys, 0.1);
    return written(
      random,
      { format: STATE_FORMAT, key: "key", sha256: sha256(JSON.stringify(kept) ?? ""), state: kept },
      keys,
    );
  }
  if (kind === 2) {
    const note = (): string =>
      JSON.stringify(
        mutated(
          random,
          random.one<unknown>([
            { file: "a.png", set: "s" },
            { set: "s", key: "k" },
          ]),
          keys,
          0.1,
        ),
      ) ?? "";
    const head = JSON.stringify(
      mutated(
        random,
        { writtenBy: "ganatomy", kind: "dissect", files: ["a", "b"], sets: { s: { key: "k", files: ["a"] } } },
        keys,
        0.05,
      ),
    );
    return bytes(
      [head, ...random.some(30, () => (random.chance(0.8) ? note() : random.one(["", "x", "{", "null"])))].join("\n"),
    );
  }
  const parts = random.some(20, (i) => ({ first: i, end: random.chance(0.9) ? i + 1 : random.edge() }));
  return written(
    random,
    {
      format: "ganatomy plan 1",
      version: "0.1.0",
      command: "c",
      cwd: "/",
      options: {},
      files: [],
      layers: ["l"],
      quantiles: true,
      size: parts.length,
      parts,
      passes: 2,
      outdir: "o",
    },
    keys,
  );
}
