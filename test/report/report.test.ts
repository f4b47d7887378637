import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { toReport } from "../../src/report/report.ts";
import type { Provenance } from "../../src/report-json.ts";
import { fixture, PROVENANCE, severalChannels } from "./fixture.ts";

const schema = JSON.parse(readFileSync(new URL("../../src/report/report-v1.schema.json", import.meta.url), "utf8"));
const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, formats: { "date-time": true } });
const validate = ajv.compile(schema);
const { dissection } = fixture();

function written(of: Dissection, provenance: Provenance = PROVENANCE) {
  return JSON.parse(JSON.stringify(toReport(of, provenance)));
}

/** What the schema says is wrong, as paths and keywords. */
function faults(report: unknown): string[] {
  validate(report);
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

describe("report.json", () => {
  test("fits its schema", () => {
    expect(faults(written(dissection))).toEqual([]);
    const provenance = { ...PROVENANCE, created: "2025-01-01T00:00:00Z", command: "ganatomy", seconds: 1.5 };
    expect(faults(written(dissection, provenance))).toEqual([]);
  });

  test("fits it with a fixed quantile and numbers that are not finite", () => {
    const layers = dissection.layers.map((layer) => ({
      ...layer,
      units: layer.units.map(({ training, ...unit }) => ({
        ...unit,
        iou: Number.NaN,
        level: Number.POSITIVE_INFINITY,
      })),
    }));
    const report = written({ ...dissection, layers, settings: { ...dissection.settings, quantileThreshold: 0.005 } });
    expect(faults(report)).toEqual([]);
    expect(report.layers[0].units[0]).toMatchObject({ iou: null, level: null });
  });

  test("is refused by its schema when a field is missing or of another kind", () => {
    const { settings, ...rest } = written(dissection);
    expect(faults(rest)).toEqual([" required"]);
    expect(faults({ ...rest, settings: { ...settings, quantileThreshold: "best" } })).toContain(
      "/settings/quantileThreshold oneOf",
    );
    expect(faults({ ...rest, settings, schemaVersion: 2 })).toEqual(["/schemaVersion const"]);
    const broken = written(dissection);
    broken.layers[0].units[1].label = "tree";
    expect(faults(broken)).toEqual(["/layers/0/units/1/label type"]);
  });

  test("every field that the code writes is described", () => {
    const closed = JSON.parse(JSON.stringify(schema), (_, value) =>
      value?.type === "object" ? { ...value, additionalProperties: false } : value,
    );
    closed.additionalProperties = false;
    delete closed.$id;
    const provenance = { ...PROVENANCE, created: "2025-01-01T00:00:00Z", command: "ganatomy", seconds: 1.5 };
    const strict = ajv.compile(closed);
    expect(strict(written(dissection, provenance)) || strict.errors).toBe(true);
    expect(strict(written(severalChannels().dissection, provenance)) || strict.errors).toBe(true);
    const { dissection: wide } = fixture({ extent: [24, 64] });
    expect(strict(written(wide)) || strict.errors).toBe(true);
    const cropped = { ...wide, model: { ...wide.model, uncropped: [64, 64] as const } };
    expect(strict(written(cropped)) || strict.errors).toBe(true);
    const area = { top: -3.5, left: 2, height: 40, width: 48.25, outside: "zeros" } as const;
    const laid = { ...wide, layers: wide.layers.map((layer) => ({ ...layer, area })) };
    expect(strict(written(laid)) || strict.errors).toBe(true);
    expect(written(laid).layers[0].area).toEqual(area);
    expect(strict({ ...written(dissection), more: 1 })).toBe(false);
  });

  test("has heights and widths where images are not square", () => {
    const square = written(dissection);
    expect(square.model).toEqual({ name: "drawn scenes", resolution: 64, sizes: [16, 16, 8] });
    expect(Object.keys(square.settings)).not.toContain("segmentationHeight");
    const { model, settings } = written(fixture({ extent: [24, 64] }).dissection);
    expect(model).toEqual({ name: "drawn scenes", resolution: 64, height: 24, width: 64, sizes: [16, 16, 8] });
    expect(settings).toMatchObject({ segmentationSize: 32, segmentationHeight: 12, segmentationWidth: 32 });
  });

  test("keeps labels of one name apart, and says how many a pixel can have", () => {
    const report = written(severalChannels().dissection);
    expect(faults(report)).toEqual([]);
    expect(report.segmenter).toEqual({ name: "drawn labels", channels: 3 });
    expect(report.categories).toEqual(["object", "material", "part"]);
    const trees = report.labels.filter(({ name }: { name: string }) => name === "tree");
    expect(trees.map(({ category }: { category: string }) => category)).toEqual(["object", "material"]);
    expect(faults({ ...report, segmenter: { name: "none", channels: 0 } })).toEqual(["/segmenter/channels minimum"]);
  });

  test("a label that was not counted has no pixels", () => {
    expect(
      written({ ...dissection, labelPixels: [0, 5] }).labels.map(({ pixels }: { pixels: number }) => pixels),
    ).toEqual([0, 5, 0, 0, 0, 0]);
  });

  test("says the same as the dissection", () => {
    const report = written(dissection);
    const unit = dissection.layers[1]!.units[4]!;
    expect(report.layers[1].units[4]).toEqual(JSON.parse(JSON.stringify(unit)));
    expect(report.layers[0].interpretable).toBe(dissection.layers[0]!.units.filter((u) => u.interpretable).length);
    expect(report.labels[2]).toEqual({
      name: "tree",
      category: "object",
      pixels: dissection.labelPixels[2],
      color: [0, 137, 65],
    });
    const grouped = report.layers[0].concepts.flatMap(({ units }: { units: number[] }) => units);
    expect(grouped.sort((a: number, b: number) => a - b)).toEqual(
      dissection.layers[0]!.units.filter((u) => u.interpretable).map((u) => u.unit),
    );
  });
});
