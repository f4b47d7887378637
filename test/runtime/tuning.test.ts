import { afterEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { Tunable } from "../../src/runtime/graph.ts";
import { Tuning, type TuningOptions } from "../../src/runtime/tuning.ts";
import { VERSION } from "../../src/version.ts";

const GPU = { vendor: "a/b", architecture: "c", description: "d e", software: false };
const SOFTWARE = { ...GPU, software: true };

/** A cache that answers every address alike, and keeps what is put. */
function cache(kept?: string) {
  const put: [string, unknown][] = [];
  return {
    put: vi.fn(async (url: string, response: Response) => void put.push([url, await response.json()])),
    match: vi.fn(async () => (kept === undefined ? undefined : new Response(kept))),
    kept: put,
  };
}

const tunables = (ways: Record<string, readonly string[]>) =>
  new Map(Object.entries(ways).map(([name, own]) => [name, { ways: own } as Tunable]));
const tuning = (options: TuningOptions, adapter = GPU) => new Tuning(adapter, options);

afterEach(() => vi.unstubAllGlobals());

describe("tuning", () => {
  test.each([
    [GPU, undefined, true],
    [GPU, null, true],
    [SOFTWARE, undefined, false],
    [SOFTWARE, true, true],
    [GPU, false, false],
    [GPU, { "conv 3": "tiles" }, false],
  ])("on %o with %j measures: %s", (adapter, tune, measures) => {
    expect(tuning({ tune: tune as never }, adapter).measures).toBe(measures);
  });

  test("takes the ways of another device, as pairs or by their names", () => {
    const ways = { "conv 3": "tiles", "conv 1": "rows" };
    for (const tune of [ways, Object.entries(ways), new Map(Object.entries(ways))]) {
      expect([...tuning({ tune }).tuned]).toEqual(Object.entries(ways));
    }
    expect([...tuning({ tune: true }).tuned]).toEqual([]);
  });

  test.each([
    [{ "conv 3": 1 }],
    [[["conv 3", 1]]],
    [
      [
        ["conv 3", "tiles"],
        [2, "rows"],
      ],
    ],
    [[1]],
    [7],
  ])("refuses %j", (tune) => {
    expect(() => tuning({ tune: tune as never })).toThrow(UsageError);
    expect(() => tuning({ tune: tune as never })).toThrow("`tune` is no list of ways");
  });

  test("finds what was kept for the version, the format and the adapter, and looks once", async () => {
    const tuningCache = cache(JSON.stringify({ "conv 3": "tiles", "conv 1": 7, given: "rows" }));
    const { restored, tuned } = tuning({ tune: { given: "tiles" }, tuningCache });
    await Promise.all([restored(), restored()]);
    await restored();
    expect(Object.fromEntries(tuned)).toEqual({ given: "tiles", "conv 3": "tiles" });
    expect(tuningCache.match.mock.calls).toEqual([[`https://ganatomy.invalid/tuning/${VERSION}/3/a%2Fb/c/d%20e`]]);
  });

  test.each([undefined, "null", "7", "{", "[]"])("finds nothing in %s", async (kept) => {
    const { restored, tuned } = tuning({ tuningCache: cache(kept) });
    await restored();
    expect([...tuned]).toEqual([]);
  });

  test("keeps what was found, and not what runs untuned for want of it", async () => {
    const tuningCache = cache();
    const made = tuning({ tune: { a: "tiles", b: "gone" }, tuningCache });
    const operations = tunables({ a: ["rows", "tiles"], b: ["rows", "tiles"], c: ["plain"] });
    const open = () => [...operations].filter(made.isOpen).map(([name]) => name);
    expect(open()).toEqual(["b", "c"]); // the way of b is none of its ways any more
    made.settle(operations);
    expect([open(), Object.fromEntries(made.tuned)]).toEqual([[], { a: "tiles", b: "rows", c: "plain" }]);
    await made.keep();
    expect(tuningCache.kept).toEqual([[`https://ganatomy.invalid/tuning/${VERSION}/3/a%2Fb/c/d%20e`, { a: "tiles" }]]);
  });

  test("uses a page's own cache unless given one, and does without where there is none", async () => {
    const pages = cache(JSON.stringify({ a: "tiles" }));
    const open = vi.fn(async () => pages);
    vi.stubGlobal("caches", { open });
    const made = tuning({});
    await made.restored();
    expect([[...made.tuned], open.mock.calls]).toEqual([[["a", "tiles"]], [["ganatomy"]]]);
    const own = cache();
    await tuning({ tuningCache: own }).keep();
    expect([own.put.mock.calls.length, pages.put.mock.calls.length]).toEqual([1, 0]);
    vi.stubGlobal("caches", undefined);
    const without = tuning({});
    await without.restored();
    await without.keep();
    expect([...without.tuned]).toEqual([]);
  });

  test("does without a cache that is full or forbidden", async () => {
    const refuse = () => Promise.reject(new Error("full"));
    const made = tuning({ tuningCache: { match: refuse, put: refuse } });
    await made.restored();
    await made.keep();
    expect([...made.tuned]).toEqual([]);
  });
});
