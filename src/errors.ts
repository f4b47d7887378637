/** What went wrong, as a word a program can branch on. */
export type ErrorCode =
  | "insecure-context"
  | "no-webgpu"
  | "no-adapter"
  | "limit"
  | "device-lost"
  | "out-of-memory"
  | "host-memory"
  | "kernel"
  | "shape"
  | "weights-format"
  | "weights-unsafe"
  | "weights-shape"
  | "weights-values"
  | "weights-integrity"
  | "network"
  | "not-found"
  | "file"
  | "usage"
  | "labels"
  | "photo"
  | "output";

/** Characters of a message, and of the fix it ends in: names and lists of files may be endless. */
const [MESSAGE, FIX] = [1000, 600];

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/**
 * Every error this library throws on purpose: a code, the cause in its message, and the fix in
 * `fix`. Aborts are the exception: they reject with the signal's reason.
 */
export class GanatomyError extends Error {
  // Written out in every class: minifiers rename classes.
  /** The class's name, which minifiers leave as it is. */
  override name: string = "GanatomyError";
  /** What a program can branch on: what went wrong, as one word. */
  readonly code: ErrorCode;
  /** What the caller can do about it. */
  readonly fix: string;
  /** Where fewer images at a time fit into memory, and how many is known: that many. */
  readonly batch: number | undefined;

  /**
   * `message` is the cause alone: the error's own is followed by `fix`. Both have 1,000 characters
   * at most and end in "…" where they would have more.
   */
  constructor(
    code: ErrorCode,
    message: string,
    fix: string,
    options?: ErrorOptions & {
      /** See `batch`. */
      readonly batch?: number | undefined;
    },
  ) {
    const help = short(fix, FIX);
    super(`${short(message, MESSAGE - 1 - help.length)} ${help}`.trim(), options);
    this.code = code;
    this.fix = help;
    this.batch = options?.batch;
  }
}

/**
 * WebGPU is missing, blocked, or less than a plan needs (`insecure-context`, `no-webgpu`,
 * `no-adapter`, `limit`).
 */
export class UnsupportedError extends GanatomyError {
  override name = "UnsupportedError";
}

/** The GPU device went away (`device-lost`) or had no memory left (`out-of-memory`). */
export class DeviceLostError extends GanatomyError {
  override name = "DeviceLostError";
}

/** A WGSL kernel did not compile, or was given what it does not declare. */
export class KernelError extends GanatomyError {
  override name = "KernelError";

  constructor(message: string, fix = "This is a fault of ganatomy, please report it.", options?: ErrorOptions) {
    super("kernel", message, fix, options);
  }
}

/** Shapes that do not fit an operation or each other. */
export class ShapeError extends GanatomyError {
  override name = "ShapeError";

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super("shape", message, fix, options);
  }
}

/**
 * A file that is no checkpoint, is damaged, hostile, or does not hold the tensors a model needs.
 */
export class WeightsError extends GanatomyError {
  override name = "WeightsError";
}

/** A label file that does not fit its network. */
export class LabelsError extends GanatomyError {
  override name = "LabelsError";

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super("labels", message, fix, options);
  }
}

/** Arguments that make no sense: an unknown layer, a size of zero, a threshold out of range. */
export class UsageError extends GanatomyError {
  override name = "UsageError";

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super("usage", message, fix, options);
  }
}

/**
 * A picture that cannot be read: it is none, is damaged, too large, or of a kind that is not
 * decoded.
 */
export class PhotoError extends GanatomyError {
  override name = "PhotoError";

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super("photo", message, fix, options);
  }
}

/** The output folder cannot be used, or the disk refused. */
export class OutputError extends GanatomyError {
  override name = "OutputError";

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super("output", message, fix, options);
  }
}
