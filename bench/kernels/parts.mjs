/**
 * What is measured are parts that the library does not export. Earlier revisions may lack some,
 * which are undefined then.
 */
export const PARTS = {
  "models/generator": "Generator",
  "models/segmenter": "Segmenter",
  "runtime/device": "Device",
  "runtime/graph": "Graph",
  "runtime/plan": "Plan",
  "dissect/generated": "generated",
  "dissect/samples": "Samples",
  "dissect/presence": "Presence",
  "dissect/slots": "Slots",
  "dissect/counts": "Counts",
  "dissect/moments": "Moments",
  "dissect/quantiles": "Quantiles",
  "dissect/levels": "FRACTIONS",
  "node/gpu": "findGpu",
  "node/files": "fileSource",
};
