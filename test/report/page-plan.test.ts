import { describe, expect, test } from "vitest";
import { planPage } from "../../src/report/page-plan.ts";
import { fixture } from "./fixture.ts";

describe("the plan", () => {
  test("of the usual run keeps everything", () => {
    const layers = [
      { layer: "layer4", units: 128, size: 8 },
      { layer: "layer6", units: 128, size: 16 },
    ];
    expect(planPage(fixture({ layers, images: 50, examples: 20 }).dissection)).toMatchObject({
      examples: 20,
      size: 64,
    });
  });

  test("of a huge run cuts examples first, then sizes, and stays within its budget", () => {
    const { dissection } = fixture({ layers: [{ layer: "layer4", units: 1, size: 8 }], images: 20, examples: 20 });
    const layer = dissection.layers[0]!;
    const unit = layer.units[0]!;
    const units = Array.from({ length: 512 }, (_, u) => ({
      ...unit,
      unit: u,
      top: unit.top.map((top, i) => ({ ...top, image: (u * 7 + i * 131) % 1000 })),
    }));
    const big = { ...dissection, model: { ...dissection.model, resolution: 256 } };
    const plans = [1, 4, 16].map((count) =>
      planPage({
        ...big,
        layers: Array.from({ length: count }, () => ({ ...layer, shape: [32, 32] as const, units })),
      }),
    );
    expect(plans[0]).toMatchObject({ examples: 5, size: expect.any(Number) });
    for (const { estimatedBytes, size } of plans) {
      expect(estimatedBytes).toBeLessThanOrEqual(15e6);
      expect(size).toBeLessThanOrEqual(128);
    }
  });
});
