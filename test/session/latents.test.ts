import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GanatomyError, UsageError, WeightsError } from "../../src/errors.ts";
import { withWeights } from "../../src/inversion/index.ts";
import { loadGenerator } from "../../src/load.ts";
import type { Edit } from "../../src/models/edits.ts";
import type { Generator } from "../../src/models/generator.ts";
import type { Device } from "../../src/runtime/device.ts";
import { packCells } from "../../src/session/cells.ts";
import { connect } from "../../src/session/connect.ts";
import { OwnLatents } from "../../src/session/latents.ts";
import type { Stroke } from "../../src/session/recipe.ts";
import type { LoadedLatents, Session } from "../../src/session/session.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { requestDevice } from "../gpu.ts";
import { inProcess, overHttp, overPort, type Place, scenes64, serving } from "./places.ts";

// Images of one's own, as the library draws them: `generator.images` of the same rows.

let device: Device;
let generator: Generator;
/** z of two images, as rows and as a file. */
let z: Float32Array;
let zFile: Uint8Array<ArrayBuffer>;
/** Features of layer4 that no z makes, with weights behind it that are not the generator's. */
let features: Float32Array;
let weights: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>;
let inversion: Uint8Array<ArrayBuffer>;

const float32 = (shape: readonly number[], data: Float32Array) => ({ dtype: "float32" as const, shape, data });
const file = (tensors: Parameters<typeof writeSafetensors>[0], model = "scenes64"): Uint8Array<ArrayBuffer> =>
  new Uint8Array(writeSafetensors(tensors, { model }));
const named = (bytes: Uint8Array<ArrayBuffer>, name: string): File => new File([bytes], name);

beforeAll(async () => {
  device = await requestDevice();
  generator = await loadGenerator((await scenes64()).generator, { device, name: "scenes64" });
  z = generator.sample({ size: 2, seed: 7, start: 5 });
  zFile = file({ z: float32([2, generator.zSize], z) });
  using run = await generator.forward(z.subarray(0, generator.zSize), { retain: ["layer4"] });
  const { height, width, channels } = generator.layer("layer4");
  features = (await run.layers.get("layer4")!.read()).map((value, at) => value * (at % 5 === 0 ? 1.5 : 1));
  const [key, tensor] = [...generator.network.state].findLast(([, { shape }]) => shape.length === 4)!;
  const data = Float32Array.from(await tensor.read()).map((value) => 0.5 * value);
  weights = new Map([[key, { shape: tensor.shape, data }]]);
  inversion = file({
    z: float32([1, generator.zSize], z.slice(0, generator.zSize)),
    layer4: float32([1, height, width, channels], features),
    [`weights.${key}`]: float32(tensor.shape, data),
  });
});
afterAll(() => device?.dispose());

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** What the library draws of these rows. */
async function drawn(
  rows: Float32Array,
  { from, edits = [], fitted = false }: { from?: string; edits?: readonly Edit[]; fitted?: boolean } = {},
): Promise<Uint8Array> {
  const own = fitted ? await withWeights(generator, weights) : generator;
  try {
    for await (const { rgb } of own.images({ rows, ...(from && { from }), edits })) return rgb;
  } finally {
    if (fitted) own.dispose();
  }
  throw new Error("no image");
}

/** The same but for rounding, as test/session/session.test.ts says. */
function expectAlike(rgba: Uint8Array, expected: Uint8Array): void {
  const rgb = rgba.filter((_, at) => at % 4 !== 3);
  expect(rgb.length).toBe(expected.length);
  expect(Math.max(...rgb.map((value, at) => Math.abs(value - expected[at]!)))).toBeLessThanOrEqual(1);
}

const CELLS = { height: 2, width: 2, data: [1, 0, 0, 0] };
const STROKE: Stroke = { id: "a", op: "draw", units: [24, 59], value: 4, mask: packCells(CELLS) };
const EDIT: Omit<Edit, "layer"> = { units: [24, 59], value: 4, mask: CELLS };

describe.each([
  ["in process", async () => inProcess()],
  ["over a port", overPort],
  ["over HTTP", overHttp],
] as const)("a session %s", (where, open) => {
  let place: Place;
  let session: Session;
  let own: LoadedLatents;
  let rows: LoadedLatents;
  beforeAll(async () => {
    place = await open();
    session = place.session;
    const { generator, name } = await scenes64();
    if (where !== "over HTTP") await session.load({ generator, name });
  });
  afterAll(() => place?.close());

  test("takes up files of latents, and says what they are", async () => {
    expect(session.loaded!.latents).toBeUndefined();
    const loaded = await session.load({ latents: named(inversion, "inversion.safetensors") });
    await session.load({ latents: named(zFile, "z.safetensors") });
    // Node's ports leave files' names behind, unlike browsers'.
    const name = (own: string): string => (where === "over a port" ? "blob" : own);
    expect(loaded.latents).toEqual([
      { name: name("inversion.safetensors"), sha256: sha256(inversion), size: 1, layer: "layer4", weights: true },
    ]);
    expect(session.loaded!.latents).toEqual([
      loaded.latents![0],
      { name: name("z.safetensors"), sha256: sha256(zFile), size: 2, weights: false },
    ]);
    // The newest is the last, whatever was there before.
    await session.load({ latents: named(inversion, "inversion.safetensors") });
    [rows, own] = session.loaded!.latents as unknown as [LoadedLatents, LoadedLatents];
    expect([rows, own].map(({ weights }) => weights)).toEqual([false, true]);
  });

  test("draws them, with strokes and without, by the weights that were fitted to them", async () => {
    expectAlike(
      (await session.picture({ latents: own })).data,
      await drawn(features, { from: "layer4", fitted: true }),
    );
    for (const layer of ["layer4", "layer6"]) {
      const { data } = await session.picture({ latents: own, layer, strokes: [STROKE] });
      expectAlike(data, await drawn(features, { from: "layer4", fitted: true, edits: [{ layer, ...EDIT }] }));
    }
    const { zSize } = generator;
    for (const image of [0, 1]) {
      const row = z.subarray(image * zSize, (image + 1) * zSize);
      expectAlike((await session.picture({ latents: rows, image })).data, await drawn(row));
      const edited = { latents: rows, image, layer: "layer2", strokes: [STROKE] };
      expectAlike((await session.picture(edited)).data, await drawn(row, { edits: [{ layer: "layer2", ...EDIT }] }));
    }
    // The generator itself is as it was.
    expectAlike(
      (await session.picture({ image: 3 })).data,
      await drawn(generator.sample({ size: 1, seed: 1, start: 3 })),
    );
  });

  test("moves z of one's own toward an image of a seed, and features nowhere", async () => {
    const toward = [{ seed: 1, image: 3, share: 1 }];
    const { data } = await session.picture({ latents: rows, toward });
    expectAlike(data, await drawn(generator.sample({ size: 1, seed: 1, start: 3 })));
    await expect(session.picture({ latents: own, toward })).rejects.toThrow(
      /is features of layer4, which are moved toward no other/,
    );
  });

  test("answers questions about them", async () => {
    const { layers } = await session.pixel({ latents: own, y: 1, x: 1, top: 512 });
    expect(layers.map(({ layer }) => layer)).toEqual([4, 5, 6, 7, 8, 9, 10].map((at) => `layer${at}`));
    const { channels } = generator.layer("layer4");
    const [first] = layers[0]!.units;
    expect(first!.value).toBe(Math.max(...features.subarray(0, channels)));
    const mask = { size: [1, 1] as const, cells: [0, 1] };
    const region = await session.region({ latents: own, mask, layers: ["layer4"] });
    const most = features.filter((_, at) => at % channels === 7).reduce((a, b) => Math.max(a, b));
    expect(region.layers[0]!.max[7]).toBe(most);
  });

  test.each([
    ["an image that they have not", { image: 1 }, /no image 1 of .*, which has one image/],
    [
      "strokes before what they are",
      { layer: "layer2", strokes: [STROKE] },
      /"layer2" is before layer4, of which .* is the features/,
    ],
    ["a hash that is none", { latents: { name: "x", sha256: "12" } }, /sha256 of latents is "12"/],
  ])("says what is wrong with %s", async (_, more, said) => {
    const error = await session.picture({ latents: own, ...more }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(said);
  });

  test("says which file it is that is not there", async () => {
    const error = await session
      .picture({ latents: { name: "mine.safetensors", sha256: "ab".repeat(32) } })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GanatomyError);
    expect(error).toMatchObject({ code: "not-found", fix: "Load that file: session.load({ latents })." });
    expect((error as Error).message).toMatch(/latents mine.safetensors \(SHA-256 abababababab…\) are not here/);
  });

  test.each([
    [
      "of another model",
      () => file({ z: float32([1, 4], new Float32Array(4)) }, "church"),
      UsageError,
      /is of church, and the generator here is scenes64/,
    ],
    ["of another shape", () => file({ z: float32([1, 4], new Float32Array(4)) }), GanatomyError, /are \[1,4\]/],
    [
      "with weights that there are not",
      () => file({ layer4: float32([1, ...sizes()], features), "weights.none": float32([1], Float32Array.of(1)) }),
      UsageError,
      /no tensor "none"/,
    ],
    ["that is damaged", () => inversion.slice(0, 100), WeightsError, /./],
  ] as const)("takes no file %s", async (_, bytes, kind, said) => {
    const before = session.loaded!.latents;
    const error = await session.load({ latents: named(bytes(), "odd") }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(said);
    expect(session.loaded!.latents).toEqual(before);
  });
  const sizes = (): number[] => {
    const { height, width, channels } = generator.layer("layer4");
    return [height, width, channels];
  };

  test("holds them until they are unloaded, and takes them up again", async () => {
    const before = await session.picture({ latents: own });
    let told = session.loaded;
    const stop = session.on("loaded", (loaded) => (told = loaded));
    // One that was asked for before is drawn; at a server either may arrive first.
    const drawing = where === "over HTTP" ? before : session.picture({ latents: own });
    const loaded = await session.unload({ latents: own });
    expect((await drawing).data).toEqual(before.data);
    expect(loaded.latents).toEqual([rows]);
    expect([told, session.loaded]).toEqual([loaded, loaded]);
    const missing = { code: "not-found", fix: "Load that file: session.load({ latents })." };
    await expect(session.picture({ latents: own })).rejects.toMatchObject(missing);
    await expect(session.unload({ latents: own })).rejects.toMatchObject(missing);
    expect((await session.unload({ latents: { name: "any", sha256: rows.sha256 } })).latents).toBeUndefined();
    const { latents } = await session.load({ latents: named(inversion, "inversion.safetensors") });
    expect(latents).toEqual([own]);
    expectAlike(
      (await session.picture({ latents: own })).data,
      await drawn(features, { from: "layer4", fitted: true }),
    );
    stop();
  });

  test.each([
    ["nothing", {}, "session.unload needs latents"],
    ["what is no name", { latents: 7 }, "latents needs name"],
    ["what is no hash", { latents: { name: "x", sha256: "12" } }, 'sha256 of latents is "12"'],
    ["a generator", { latents: { name: "x", sha256: "ab".repeat(32) }, generator: true }, 'knows no "generator"'],
  ])("unloads not %s", async (_, options, said) => {
    const error = await session.unload(options as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(said);
  });
});

test("what is unloaded leaves none of the weights behind that were fitted to it", async () => {
  const { session, devices, close } = inProcess();
  await session.load({ generator: (await scenes64()).generator, name: "scenes64" });
  const first = await session.load({ latents: named(inversion, "inversion.safetensors") });
  await session.picture();
  const before = devices[0]!.live.bytes;
  await session.picture({ latents: first.latents![0] });
  expect(devices[0]!.live.bytes).toBeGreaterThan(before);
  await session.unload({ latents: first.latents![0]! });
  await expect.poll(() => devices[0]!.live.bytes).toBe(before);
  await close();
});

test("a server forgets them for everybody, and is given them again by whoever has them", async () => {
  const server = await serving();
  const [session, other] = [await connect({ url: server.url }), await connect({ url: server.url })];
  const [latents] = (await session.load({ latents: named(zFile, "z.safetensors") })).latents!;
  await other.load({ latents: named(zFile, "z.safetensors") });
  const { data } = await other.picture({ latents });
  await session.unload({ latents: latents! });
  await expect(session.picture({ latents })).rejects.toMatchObject({ code: "not-found" });
  expect((await other.picture({ latents })).data).toEqual(data);
  // What it holds no longer is unloaded, too.
  await session.load({ latents: named(zFile, "z.safetensors") });
  await other.unload({ latents: latents! });
  expect((await session.unload({ latents: latents! })).latents).toBeUndefined();
  session.dispose();
  other.dispose();
  await server.close();
});

test("a server that has forgotten them is given them again; others are not told of them", async () => {
  const server = await serving();
  const [session, other] = [await connect({ url: server.url }), await connect({ url: server.url })];
  const { latents } = await session.load({ latents: named(zFile, "z.safetensors") });
  const first = await session.picture({ latents: latents![0] });
  expect((await other.load({})).latents).toBeUndefined();
  const restored = new Promise((resolve) => session.on("restored", resolve));
  await server.stop();
  await expect(session.picture({ latents: latents![0] })).rejects.toMatchObject({ code: "network" });
  await server.again();
  await restored;
  expect(session.loaded!.latents).toEqual(latents);
  const again = await session.picture({ latents: latents![0] });
  expect(again.data).toEqual(first.data);
  await expect(other.picture({ latents: { name: "x", sha256: "cd".repeat(32) } })).rejects.toThrow(/are not here/);
  session.dispose();
  other.dispose();
  await server.close();
});

test("several files of features are drawn in turn, however few stages are kept", async () => {
  const { session, close } = inProcess();
  await session.load({ generator: (await scenes64()).generator, name: "scenes64" });
  const { height, width, channels } = generator.layer("layer4");
  const files = [1, 2, 3].map((factor) => features.map((value) => value / factor));
  for (const each of files) {
    await session.load({ latents: named(file({ layer4: float32([1, height, width, channels], each) }), "f") });
  }
  const { latents } = session.loaded!;
  const all = await Promise.all([...latents!, ...latents!].map((each) => session.picture({ latents: each })));
  for (const [at, { data }] of all.entries()) expectAlike(data, await drawn(files[at % 3]!, { from: "layer4" }));
  // Another generator has none of them.
  await session.load({ generator: (await scenes64()).generator, name: "scenes64" });
  expect(session.loaded!.latents).toBeUndefined();
  await close();
});

test("they are drawn on as a view, and come back after the device was lost", async () => {
  const { session, devices, close } = inProcess();
  await session.load({ generator: (await scenes64()).generator, name: "scenes64" });
  const loaded = await session.load({ latents: named(inversion, "inversion.safetensors") });
  const [latents] = loaded.latents!;
  const edited = { latents, layer: "layer4", strokes: [STROKE] };
  const { data } = await session.picture(edited);
  const restored = new Promise((resolve) => session.on("restored", resolve));
  devices[0]!.gpu.destroy();
  await restored;
  expect(session.loaded!.latents).toEqual(loaded.latents);
  expect((await session.picture(edited)).data).toEqual(data);
  await close();
});

/** Bytes as NumPy keeps them, [rows, zSize], each `value`. */
function bytesOf(rows: number, value: number): Uint8Array<ArrayBuffer> {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${rows}, ${generator.zSize}), }`.padEnd(117);
  const head = new TextEncoder().encode(`\x00NUMPY\x01\x00v\x00${header}\n`);
  head[0] = 0x93;
  const bytes = new Uint8Array(head.length + rows * generator.zSize).fill(value);
  bytes.set(head);
  return bytes;
}

describe("what is held is counted as it lies in memory", () => {
  const onProgress = (): void => {};

  test("a file that unpacks to more than may be held is refused, before it is", async () => {
    const own = new OwnLatents();
    const rows = Math.ceil(2 ** 26 / generator.zSize) + 1;
    await expect(own.load(bytesOf(rows, 0), generator, { onProgress })).rejects.toThrow(/is too long for latents/);
    expect(own.about).toEqual([]);
  });

  test("of two that are more together the older one goes", async () => {
    const own = new OwnLatents();
    const rows = Math.ceil(2 ** 25 / generator.zSize) + 1;
    for (const value of [1, 2]) await own.load(bytesOf(rows, value), generator, { onProgress });
    expect(own.about.length).toBe(1);
    expect(own.named(own.about[0]!).rows[0]).toBe(2);
  });

  test("what is read while another generator comes is not of it", async () => {
    const own = new OwnLatents();
    const loading = own.load(zFile, generator, { onProgress });
    own.clear();
    await expect(loading).rejects.toThrow("Another generator was loaded. Load the latents again.");
    expect(own.about).toEqual([]);
  });
});
