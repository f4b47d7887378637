import { Generator, type LoadGeneratorOptions } from "./models/generator.ts";
import { type LoadSegmenterOptions, Segmenter, type SegmenterFiles } from "./models/segmenter.ts";
import { Device, type DeviceOptions } from "./runtime/device.ts";
import type { SourceLike } from "./weights/source.ts";

export interface InitOptions extends DeviceOptions {
  /** A device of the caller's to work on; it is never destroyed here. */
  readonly device?: GPUDevice;
}

/** A device to work on: the caller's, or one of our own. */
export const init = async (options: InitOptions = {}): Promise<Device> =>
  options.device ? Device.adopt(options.device) : Device.request(options);

/** A Progressive GAN generator from a checkpoint of any size, container and naming. */
export const loadGenerator = (source: SourceLike, options: LoadGeneratorOptions): Promise<Generator> =>
  Generator.load(source, options);

/** A UPerNet segmenter from its published files, or from one file of both. */
export const loadSegmenter = (files: SegmenterFiles, options: LoadSegmenterOptions): Promise<Segmenter> =>
  Segmenter.load(files, options);
