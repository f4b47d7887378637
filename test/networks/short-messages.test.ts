import { expect, test } from "vitest";
import { GanatomyError } from "../../src/errors.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { recogniseGenerator } from "../../src/networks/generators/recognise.ts";
import { layerOf } from "../../src/networks/layer-of.ts";
import { listedLabels } from "../../src/networks/segmenters/label-list.ts";
import { semanticLabels } from "../../src/networks/segmenters/labels.ts";
import { recognise } from "../../src/networks/segmenters/recognise.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { golden } from "../weights/fixtures.ts";

// Runs: src/networks/recording.ts, src/names.ts

const MANY = 5000;
const endless = (i: number): string => `${i}.${"name".repeat(1000)}`;
const scalar = { dtype: "float32", shape: [1], data: Float32Array.of(1) } as const;
const wrong = Array.from({ length: MANY }, (_, i) => [endless(i), scalar] as const);

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof GanatomyError) return error.message;
    throw error;
  }
  throw new Error("It was not refused.");
}

test("a checkpoint of thousands of wrong keys is refused in a few words", async () => {
  const { tensors } = await openCheckpoint(golden("progan-tiny.zip.pth"));
  const generator = (keys: readonly (readonly [string, unknown])[]) =>
    refusal(() => recogniseGenerator({ tensors: new Map(keys) as typeof tensors }));
  const more = generator([...tensors, ...wrong]);
  expect(more).toMatch(/Unexpected: .*… and 4992 more\. Check/);
  const messages = [
    more,
    generator(wrong),
    generator(
      Array.from({ length: 60 }, (_, i) =>
        [...tensors].map(([key, value]) => [`${endless(i).replace(".", "")}.${key}`, value] as const),
      ).flat(),
    ),
    refusal(() => recogniseClassifier(new Map(wrong) as never)),
    refusal(() => recognise({ state: new Map(wrong), labels: undefined } as never)),
  ];
  for (const message of messages) expect(message.length).toBeLessThanOrEqual(1000);
});

test("a label file of thousands, and a network of as many layers, too", () => {
  const labels = wrong.map(([name]) => ({ name, category: name }));
  const categories = labels.map(({ name }) => ({ name }));
  const layers = wrong.map(([name]) => ({ name }));
  const messages = [
    refusal(() => semanticLabels({ categories, labels }, "object", 3)),
    refusal(() => semanticLabels({ categories: [{ name: "a" }], labels }, "object", MANY)),
    refusal(() => listedLabels(`Idx,Name\n${wrong.map(([name]) => `7,${name}`).join("\n")}`, endless(1))),
    refusal(() => listedLabels(JSON.stringify([...wrong.map(([name]) => name), 3]), endless(1))),
    refusal(() => layerOf({ name: endless(1), layers }, endless(MANY))),
  ];
  for (const message of messages) expect(message.length).toBeLessThanOrEqual(1000);
  expect(refusal(() => layerOf({ name: "net", layers: layers.map((_, i) => ({ name: `l${i}` })) }, "x"))).toMatch(
    /l23 and 4976 more\.$/,
  );
});
