/**
 * What Node has and a browser has not: WebGPU by way of Dawn, files, and encoders for pictures.
 *
 * @module
 */

export { cacheFolder, folderCache } from "./cache.ts";
export { type ThreadPoolOptions, threadPool } from "./drawing-threads.ts";
export { fileServer } from "./file-server.ts";
export { fileSource } from "./files.ts";
export { type OutputFolder, outputFolder } from "./folder.ts";
export { folderFiles } from "./folder-files.ts";
export { findGpu } from "./gpu.ts";
export { type FetchHandler, type Listening, type ListenOptions, listen, nodeListener } from "./http.ts";
export { type MeasurementsFile, measurementsFile } from "./kept/measurements.ts";
export { nodeEncoder } from "./photo/encoder.ts";
