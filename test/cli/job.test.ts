import { cp, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type DissectOptions, jobSettings, openJob, withoutSecrets } from "../../src/cli/job.ts";
import { UsageError } from "../../src/errors.ts";
import { VERSION } from "../../src/version.ts";

const GIVEN = { seed: 1, trainSeed: 2, quantileThreshold: "iqr", examples: 20 } as const;

test("--memory is in MiB, and the library's is in bytes", () => {
  expect(jobSettings({ ...GIVEN, memory: 128 }, true).memory).toBe(134_217_728);
  expect(jobSettings({ ...GIVEN, memory: 0 }, true).memory).toBe(0);
  expect(jobSettings(GIVEN, false)).toEqual({ ...GIVEN, layers: [], size: 1000 });
});

test("what is not told is what suits the model: two layers of the embedded one, 200 images of it", () => {
  expect(jobSettings(GIVEN, true)).toEqual({ ...GIVEN, layers: ["layer4", "layer6"], size: 200 });
  const told = { layers: ["layer1"], size: 7, batch: 3, stripHeight: 40, rotate: 0 };
  expect(jobSettings({ ...GIVEN, ...told }, true)).toEqual({ ...GIVEN, ...told });
  expect(jobSettings({ ...GIVEN, ...told }, false)).toEqual({ ...GIVEN, ...told });
});

describe("a job", () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "ganatomy-job-"));
    await cp("weights/scenes64/generator.safetensors", join(home, "church.safetensors"));
    await cp("weights/scenes64", join(home, "embedded"), { recursive: true });
    const published = join(home, "published");
    await cp("weights/scenes64/labels.json", join(published, "labels.json"));
    await writeFile(join(published, "encoder_epoch_3.pth"), "12345");
    await writeFile(join(published, "decoder_epoch_3.pth"), "123");
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const open = (more: Partial<DissectOptions>, args: readonly string[] = []) => {
    const argv = vi.spyOn(process, "argv", "get").mockReturnValue(["node", "cli.js", "dissect", ...args]);
    return openJob({ ...GIVEN, ...more }, {}).finally(() => argv.mockRestore());
  };
  const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
  const bytes = async (path: string): Promise<number> => (await stat(path)).size;

  test("is of the embedded model and its segmenter where no other is named", async () => {
    for (const named of [{}, { model: "scenes64" }]) {
      const { model, segmenter, settings, provenance, ...rest } = await open(named);
      expect([model.name, segmenter.name, segmenter.unified]).toEqual(["scenes64", "scenes64", {}]);
      expect(settings).toMatchObject({ layers: ["layer4", "layer6"], size: 200 });
      const [generator, weights] = await Promise.all(
        ["generator", "segmenter"].map((file) => bytes(`weights/scenes64/${file}.safetensors`)),
      );
      expect(provenance.weights).toEqual([
        { role: "generator", source: "scenes64", bytes: generator },
        { role: "segmenter", source: join("scenes64", "segmenter.safetensors"), sha256, bytes: weights },
      ]);
      expect(rest).toEqual({});
    }
  });

  test("may be of a generator that labels its own images, of which the segmenter has no file", async () => {
    const model = join(home, "church.safetensors");
    const { segmenter, provenance } = await open({ model, segmenter: "self" });
    expect(segmenter).toEqual({ name: "self", unified: {} });
    expect(provenance.weights?.map(({ role }) => role)).toEqual(["generator"]);
    await expect(open({ model, segmenter: "self", segdiv: "quad" })).rejects.toThrow(
      '--segdiv is of unified parsing networks, and "self" is none.',
    );
  });

  test("of another model asks for its segmenter, and says where every weight is from", async () => {
    const model = join(home, "church.safetensors");
    const ended = open({ model });
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(/Which segmenter\?/);

    const segmenter = join(home, "published");
    const job = await open({ model, segmenter, heads: ["object"], segdiv: "quad", parts: "all" });
    expect([job.model.name, job.segmenter.name]).toEqual(["church", "published"]);
    expect(job.segmenter.unified).toEqual({ heads: ["object"], segdiv: "quad", parts: "all" });
    expect(job.settings).toMatchObject({ layers: [], size: 1000 });
    // (The labels are no weights.)
    expect(job.provenance.weights).toEqual([
      { role: "generator", source: model, bytes: await bytes(model) },
      { role: "segmenter", source: join(segmenter, "encoder_epoch_3.pth"), sha256, bytes: 5 },
      { role: "segmenter", source: join(segmenter, "decoder_epoch_3.pth"), sha256, bytes: 3 },
    ]);
  });

  test("keeps the embedded model with another segmenter, and the segmenter's own files", async () => {
    const segmenter = join(home, "embedded");
    const job = await open({ segmenter });
    expect([job.model.name, job.segmenter.name, job.settings.size]).toEqual(["scenes64", "embedded", 200]);
    expect(job.provenance.weights![1]!.source).toBe(join(segmenter, "segmenter.safetensors"));
  });

  test("says whether kernels may be timed, only where they may not", async () => {
    expect(await open({ tune: true })).not.toHaveProperty("tune");
    expect(await open({ tune: false })).toMatchObject({ tune: false });
  });

  test("tells its command without secrets, the version and the time", async () => {
    const began = Date.now();
    const { provenance } = await open({}, ["--size", "20", "--model", "https://me:secret@host/a.pth?secret"]);
    expect(provenance.command).toBe("ganatomy dissect --size 20 --model https://host/a.pth");
    expect(provenance.generator).toEqual({ name: "ganatomy", version: VERSION });
    expect(Date.parse(provenance.created!)).toBeGreaterThanOrEqual(began);
    expect(Date.parse(provenance.created!)).toBeLessThanOrEqual(Date.now());
  });
});

test.each([
  ["church.pth", "church.pth"],
  ["--model=https://me:secret@host/a/b.pth?token=secret#secret", "--model=https://host/a/b.pth"],
  ["http://host/b.pth?secret", "http://host/b.pth"],
  ["https://host/me@home/b.pth", "https://host/me@home/b.pth"],
])("%s in a report is %s", (text, expected) => expect(withoutSecrets(text)).toBe(expected));
