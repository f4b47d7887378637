/** A unit of a report.json, with what a test does not care about. */
export const reportUnit = (unit: number, label: number, more: object = {}) => ({
  ...{ unit, label, interpretable: label > 0, level: 1.5, iou: 0.1, iqr: 0.1, mi: 0.1, correlation: 0.1 },
  ...{ intersection: 1, activation: 2, pixels: 3, top: [], mostCorrelated: { label: 0, correlation: null } },
  ...more,
});

/** A report.json of these parts, with what a test does not care about. */
export const reportJson = (parts: {
  readonly model: string;
  readonly labels: readonly { readonly name: string; readonly category: string }[];
  readonly layers: readonly { readonly layer: string; readonly units: readonly object[] }[];
}) => ({
  schemaVersion: 1,
  provenance: { generator: { name: "ganatomy", version: "0.0.0" } },
  model: { name: parts.model, resolution: 8, sizes: [8] },
  segmenter: { name: "s" },
  adapter: { vendor: "", architecture: "", description: "", software: true },
  settings: {
    ...{ layers: parts.layers.map(({ layer }) => layer), size: 4, seed: 1, trainSeed: 2, quantileThreshold: 0.01 },
    ...{ examples: 0, iouThreshold: 0.04, iqrThreshold: 0.01, segmentationSize: 8 },
  },
  categories: [...new Set(parts.labels.map(({ category }) => category))],
  labels: parts.labels.map((label) => ({ ...label, pixels: 0, color: [0, 0, 0] })),
  layers: parts.layers.map((layer) => ({ shape: [2, 2], interpretable: 0, concepts: [], ...layer })),
});
