export { bargraphSvg } from "./bargraph.ts";
export { toCsv, toRows, type UnitRow } from "./csv.ts";
export { canvasEncoder } from "./encode-canvas.ts";
export { type Folder, type MemoryFolder, memoryFolder, subfolder } from "./folder.ts";
export { toGandissect, toGandissectLayer } from "./gandissect.ts";
export type { Image, ImageEncoder } from "./image.ts";
export { type Provenance, type Report, SCHEMA_VERSION, toReport, type WeightsSource } from "./report.ts";
export { toTensors } from "./tensors.ts";
export { type WriteOptions, type WriteProgress, writeNumbers, writeReport } from "./write.ts";
