/**
 * What a dissection is written as: reports, tables, figures, files of other programs.
 *
 * @module
 */

export {
  type Provenance,
  type Report,
  type ReportLayer,
  type ReportLevel,
  type ReportUnit,
  SCHEMA_VERSION,
  type WeightsSource,
} from "../report-json.ts";
export { type AblationJson, toFullAblation, toPixAblation } from "./ablation.ts";
export { type AblationLine, ablationSvg } from "./ablation-plot.ts";
export { bargraphSvg } from "./bargraph.ts";
export { labelColors, type Rgb } from "./colors.ts";
export { toCsv, toRows, type UnitRow } from "./csv.ts";
export { type CutoffPoint, cutoffSvg } from "./cutoff-plot.ts";
export { type DecodePngOptions, decodePng } from "./decode-png.ts";
export type { DrawingPlan, DrawingPool, DrawnUnit, UnitDrawing } from "./drawing.ts";
export {
  type Hand,
  HandPool,
  handBytes,
  handsFor,
  type Machine,
  type PoolOptions,
  startPool,
} from "./drawing-pool.ts";
export { type FromWorker, serveDrawing, type ToWorker, type WorkerJob } from "./drawing-serve.ts";
export { canvasEncoder } from "./encode-canvas.ts";
export { type Folder, type MemoryFolder, memoryFolder, subfolder } from "./folder.ts";
export { toGandissect, toGandissectLayer } from "./gandissect.ts";
export type { Image, ImageEncoder } from "./image.ts";
export { type LabelPicture, labelPictures } from "./label-picture.ts";
export { toNpz } from "./npz.ts";
export { type OpenedReport, openDissection } from "./open.ts";
export type { EmbeddedPicture, PageDrawing, PageFeatures } from "./page-draw.ts";
export { type ProjectorFiles, type Sprite, toProjector } from "./projector.ts";
export { toReport } from "./report.ts";
export type { StripFile } from "./strips.ts";
export { toBlocks, toTensors } from "./tensors.ts";
export { toVegaLite, type VegaLiteFigure, type VegaLiteSpec } from "./vega-lite.ts";
export type { WireError } from "./wire-error.ts";
export { type WriteOptions, type WriteProgress, writeNumbers, writeReport } from "./write.ts";
