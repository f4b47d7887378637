import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Place, untilAborted } from "../../src/cli/dissecting.ts";
import { type Job, runJob } from "../../src/cli/run.ts";
import { openUnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import type { Device } from "../../src/index.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import type { Report } from "../../src/report-json.ts";
import { smallFiles } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
let job: Job;
beforeAll(async () => {
  device = await requestDevice();
  const { generator, weights, labels } = await smallFiles();
  job = {
    model: { name: "church", source: generator },
    segmenter: {
      name: "five",
      files: { weights, labels: new TextEncoder().encode(JSON.stringify(labels)) },
      unified: { heads: ["object"] },
    },
    settings: {
      layers: ["layer3"],
      size: 8,
      seed: 1,
      trainSeed: 2,
      quantileThreshold: 0.1,
      examples: 2,
      batch: 2,
    },
    provenance: { generator: { name: "ganatomy", version: "1.2.3" }, command: "ganatomy dissect" },
  };
});
afterAll(() => device?.dispose());

/** Where a job runs, all that it tells, and how to stop it. */
function place(more: Partial<Place> = {}) {
  const controller = new AbortController();
  const folder = memoryFolder();
  const [notes, phases]: [string[], Map<string, (readonly [number, number])[]>] = [[], new Map()];
  const on: { progress?: (phase: string, done: number) => void } = {};
  const where: Place = {
    device,
    folder,
    encoder: nodeEncoder(),
    signal: controller.signal,
    progress(phase, done, total) {
      phases.set(phase, [...(phases.get(phase) ?? []), [done, total]]);
      on.progress?.(phase, done);
    },
    note: (text) => void notes.push(text),
    ...more,
  };
  const report = (): Report => JSON.parse(folder.files.get("report.json") as string);
  const strips = () => [...folder.files.keys()].filter((path) => /^layer\d\/image\/\d+-top\.jpg$/.test(path)).length;
  const stop = () => controller.abort(new Error("Ctrl-C"));
  return { where, files: folder.files, notes, phases, on, report, strips, stop };
}

describe("a job", () => {
  test("writes the report of its dissection, says how far it is, and lets its models go", async () => {
    const before = { ...device.live };
    const clock = vi.spyOn(performance, "now").mockReturnValue(5000);
    const { where, files, notes, phases, on, report, strips } = place();
    on.progress = () => clock.mockReturnValue(19_450);
    const summary = await runJob(job, where).finally(() => clock.mockRestore());
    expect(summary).toMatchObject({
      complete: true,
      model: { name: "church" },
      segmenter: { name: "five" },
      settings: { layers: ["layer3"], size: 8, examples: 2, quantileThreshold: 0.1 },
    });
    const { units } = report().layers[0]!;
    expect(report()).toMatchObject({ model: summary.model, settings: summary.settings });
    expect(report().provenance).toEqual({ ...job.provenance, seconds: 14.5 });
    expect([strips(), files.has("report.html"), notes]).toEqual([units.length, true, []]);
    expect(phases.get("scores")).toEqual([2, 4, 6, 8].map((done) => [done, 8]));
    expect(phases.get("draw strips")).toEqual(units.map((_, index) => [index + 1, units.length]));
    const quantiles = await openUnitQuantiles(files.get("layer3/quantiles.npz") as Uint8Array);
    expect([quantiles.units, quantiles.samples]).toEqual([units.length, 8 * 8 * 8]);
    // The highest activation of a unit is that of its top image.
    expect([...quantiles.levels(1)]).toEqual(units.map(({ top }) => top[0]!.activation));
    expect(phases.get("quantiles of units")).toEqual([0, 1].map((done) => [done, 1]));
    expect({ ...device.live }).toEqual(before);
  });

  test("of a rotation writes its report by another name, and no quantiles to insert by", async () => {
    const [plain, turned] = [place(), place()];
    await runJob(job, plain.where);
    const summary = await runJob({ ...job, settings: { ...job.settings, rotate: 9 } }, turned.where);
    expect(summary.model).toMatchObject({ name: "church-rotated-9", rotation: 9 });
    expect(turned.report().model).toEqual(summary.model);
    expect(turned.report().labels).toEqual(plain.report().labels);
    const levels = ({ layers }: Report) => layers[0]!.units.map(({ level }) => level);
    expect(levels(turned.report())).not.toEqual(levels(plain.report()));
    const without = (files: ReadonlyMap<string, unknown>) =>
      [...files.keys()].filter((path) => path !== "layer3/quantiles.npz").sort();
    expect([...turned.files.keys()].sort()).toEqual(without(plain.files));
  });

  test("stopped while quantiles are measured writes the rest without them", async () => {
    const { where, files, on, strips, stop } = place();
    on.progress = (phase) => {
      if (phase === "quantiles of units") stop();
    };
    expect(await runJob(job, where)).toMatchObject({ complete: false, settings: { size: 8 } });
    expect([strips(), files.has("report.html"), files.has("layer3/quantiles.npz")]).toEqual([0, true, false]);
  });

  test("draws strips as high as told, or as the images are", async () => {
    const pages = [];
    for (const settings of [job.settings, { ...job.settings, stripHeight: 16 }, { ...job.settings, stripHeight: 40 }]) {
      const { where, files } = place();
      await runJob({ ...job, settings }, where);
      pages.push([...files].filter(([path]) => path.endsWith(".jpg")));
    }
    expect(pages[1]).toEqual(pages[0]);
    expect(pages[2]).not.toEqual(pages[0]);
  });

  test("takes the layer of the paper where none is named, and says so", async () => {
    const { where, notes, report } = place();
    await runJob({ ...job, settings: { ...job.settings, layers: [], size: 2 } }, where);
    expect(report().settings.layers).toEqual(["layer4"]);
    expect(notes).toEqual([expect.stringMatching(/^No --layers given, so layer4 .* has layer1, layer2, .*layer6/)]);
  });

  test("stopped while strips are drawn keeps all scores and those", async () => {
    const { where, files, notes, on, report, strips, stop } = place();
    on.progress = (phase, done) => {
      if (phase === "draw strips" && done === 2) stop();
    };
    expect(await runJob(job, where)).toMatchObject({ complete: false, settings: { size: 8 } });
    expect([strips(), files.has("report.html"), notes]).toEqual([expect.any(Number), true, []]);
    expect(strips()).toBeGreaterThanOrEqual(2);
    expect(strips()).toBeLessThan(report().layers[0]!.units.length);
  });

  test("stopped while images are scored keeps the scores of those that were", async () => {
    const { where, files, notes, on, report, strips, stop } = place();
    on.progress = (phase, done) => {
      if (phase === "scores" && done === 6) stop();
    };
    const { complete, settings } = await runJob(job, where);
    expect([complete, strips(), files.has("report.html"), notes]).toEqual([false, 0, true, []]);
    expect(settings.size).toBeGreaterThan(0);
    expect(settings.size).toBeLessThan(8);
    expect(report().settings).toEqual(settings);
  });

  test("stopped before there is anything writes nothing", async () => {
    const before = { ...device.live };
    const { where, files, on, stop } = place();
    on.progress = stop;
    await expect(runJob(job, where)).rejects.toThrow("Ctrl-C");
    expect([files.size, device.live.bytes, device.live.buffers]).toEqual([0, before.bytes, before.buffers]);
  });

  test("that fails half-way keeps the scores, and tells the failure; of two the first", async () => {
    const broken = { ...nodeEncoder(), jpeg: () => Promise.reject(new Error("no ink")) };
    const { where, files, notes } = place({ encoder: broken });
    await expect(runJob(job, where)).rejects.toThrow("no ink");
    expect([files.has("report.json"), files.has("report.html"), notes]).toEqual([
      true,
      true,
      [expect.stringContaining("failed half-way")],
    ]);

    const full = place({ encoder: broken });
    let written = 0;
    const folder = {
      write: async (path: string, data: Uint8Array | string) => {
        if (path === "report.json" && written++ > 0) throw new Error("no disk");
        await full.where.folder.write(path, data);
      },
    };
    await expect(runJob(job, { ...full.where, folder })).rejects.toThrow("no ink");
    expect(full.notes).toEqual([]);
  });

  test("that is stopped and then cannot write tells that", async () => {
    const { where, on, stop } = place();
    on.progress = (phase, done) => {
      if (phase === "scores" && done === 6) stop();
    };
    const folder = { write: () => Promise.reject(new Error("no disk")) };
    await expect(runJob(job, { ...where, folder })).rejects.toThrow("no disk");
  });
});

describe("items until a signal aborts", () => {
  async function* three(last: () => unknown = () => undefined) {
    yield 1;
    yield 2;
    last();
    yield 3;
  }

  async function collect(items: AsyncIterable<number>, at: number | undefined) {
    const controller = new AbortController();
    const seen: number[] = [];
    const cut = vi.fn();
    for await (const item of untilAborted(items, controller.signal, cut)) {
      seen.push(item);
      if (item === at) controller.abort();
    }
    return [seen, cut.mock.calls.length];
  }

  test("are all of them if it does not, and those before if it does", async () => {
    expect(await collect(three(), undefined)).toEqual([[1, 2, 3], 0]);
    expect(await collect(three(), 1)).toEqual([[1], 1]);
  });

  test("end with an error of its own, and not with one of the signal", async () => {
    const fail = () => {
      throw new Error("no ink");
    };
    expect(await collect(three(fail), 2)).toEqual([[1, 2], 1]);
    await expect(collect(three(fail), undefined)).rejects.toThrow("no ink");
  });
});
