import {
  DeviceLostError,
  type ErrorCode,
  GanatomyError,
  KernelError,
  LabelsError,
  OutputError,
  PhotoError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WeightsError,
} from "../errors.ts";

// Tests: test/report/drawing.test.ts, test/report/drawing-lost.test.ts

/** An error as it travels between threads, or between Node and a page. */
export interface WireError {
  /** Name of the error's class. */
  readonly name: string;
  /** The cause; of an error with a `fix`, without it. */
  readonly message: string;
  /** Both are there for errors thrown on purpose. */
  readonly code?: ErrorCode;
  /** What the caller can do about it. */
  readonly fix?: string;
  /** Where it was thrown; absent of errors thrown on purpose. */
  readonly stack?: string;
}

const CLASSES: Readonly<Record<string, { readonly prototype: GanatomyError }>> = {
  DeviceLostError,
  KernelError,
  LabelsError,
  OutputError,
  PhotoError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WeightsError,
};

/** An error as plain data. */
export function packError(error: unknown): WireError {
  if (error instanceof GanatomyError) {
    const { name, code, fix } = error;
    return { name, code, fix, message: error.fix ? error.message.slice(0, -fix.length).trimEnd() : error.message };
  }
  if (error instanceof Error)
    return { name: error.name, message: error.message, ...(error.stack && { stack: error.stack }) };
  return { name: "Error", message: String(error) };
}

/** The error it was, of the class it was. */
export function unpackError(wire: WireError): Error {
  const error = wire.code ? new GanatomyError(wire.code, wire.message, wire.fix ?? "") : new Error(wire.message);
  error.name = wire.name;
  const known = Object.hasOwn(CLASSES, wire.name) ? CLASSES[wire.name] : undefined;
  if (wire.code && known) Object.setPrototypeOf(error, known.prototype);
  if (wire.stack) error.stack = wire.stack;
  return error;
}
