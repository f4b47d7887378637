import { readFileSync } from "node:fs";
import type { Dissection, Label, Unit } from "../../src/dissect/result.ts";
import { fixture } from "./fixture.ts";

interface Golden {
  readonly layers: readonly {
    readonly layer: string;
    readonly interpretable: number;
    readonly units: readonly Record<string, number | string | boolean>[];
    readonly labels: readonly { label: string; labelnum: number; units: number[]; cat: string }[];
  }[];
}

/** What the published code wrote for the small model of scenes (see test/golden/README.md). */
export function golden(): Golden {
  return JSON.parse(readFileSync(goldenPath("scenes64-gandissect.json"), "utf8"));
}

function goldenPath(name: string): URL | string {
  return new URL(`../golden/${name}`, import.meta.url);
}

/** A dissection with the golden's units, whose tables hold only each unit's own label. */
export function goldenDissection(): Dissection {
  const { layers } = golden();
  const labels: Label[] = [{ name: "-", category: "object" }];
  for (const { units } of layers) {
    for (const unit of units) {
      labels[Number(unit["iou_labelnum"])] = { name: String(unit["iou_label"]), category: String(unit["iou_cat"]) };
    }
  }
  const number = (name: unknown) => labels.findIndex((label) => label.name === name);
  const base = fixture().dissection;
  const labelPixels = labels.map(() => 0);
  return {
    ...base,
    labels,
    labelPixels,
    categories: ["object"],
    layers: layers.map(({ layer, units }) => ({
      layer,
      shape: [8, 8],
      tables: {
        ...{ iou: new Float64Array(labels.length * units.length), iqr: new Float64Array(labels.length * units.length) },
        ...{ mi: new Float64Array(labels.length * units.length) },
        correlation: new Float64Array(labels.length * units.length),
        intersection: new Uint32Array(labels.length * units.length),
        activation: new Uint32Array(units.length),
      },
      units: units.map((unit): Unit => {
        const field = (name: string) => Number(unit[name]);
        labelPixels[field("iou_labelnum")] = field("lc");
        return {
          unit: field("unit"),
          level: field("level"),
          label: field("iou_labelnum"),
          iou: field("iou"),
          iqr: field("iou_iqr"),
          mi: 0,
          correlation: 0,
          intersection: field("ic"),
          activation: field("cc"),
          pixels: field("lc"),
          interpretable: unit["interp"] === true,
          top: [],
          training: {
            iqr: choice(number(unit["iqr_label"]), unit, "iqr"),
            maxiou: choice(number(unit["maxiou_label"]), unit, "maxiou"),
          },
          mostCorrelated: { label: number(unit["cor_label"]), correlation: field("cor") },
        };
      }),
    })),
  };
}

function choice(label: number, unit: Record<string, number | string | boolean>, metric: "iqr" | "maxiou") {
  return {
    label,
    score: Number(unit[metric]),
    level: Number(unit[`${metric}_level`]),
    quantile: Number(unit[`${metric}_quantile`]),
    iou: metric === "iqr" ? Number(unit["iqr_iou"]) : Number(unit["maxiou"]),
  };
}
