import { WeightsError } from "../errors.ts";
import { swapped } from "./byte-order.ts";
import { readExactly, section, viewOf } from "./bytes.ts";
import { BYTES_PER_ELEMENT, type DType } from "./dtype.ts";
import { contiguousStrides, elementCount } from "./layout.ts";
import { NUMPY_TYPES } from "./numpy-values.ts";
import { show } from "./pickle-values.ts";
import { parsePythonLiteral } from "./python-literal.ts";
import type { ReadOptions, Source } from "./source.ts";
import { type CheckpointTensor, checkpointTensor } from "./tensor.ts";

// Tests: test/weights/npz.test.ts

/** "\x93NUMPY", two version bytes, then the header length. */
const MAGIC_BYTES = 6;
const VERSION_BYTES = 2;
/** NumPy itself reads 10,000 unless it is told otherwise. */
const MAX_HEADER_BYTES = 2 ** 16;

/**
 * Opens one NumPy array (.npy, versions 1 to 3); C or Fortran order, either byte order.
 * @param name what the tensor shall be called
 * @throws WeightsError `weights-unsafe` for object arrays, `weights-format` for other types and
 *   damage, `weights-shape` when the file's size does not match.
 */
export async function openNpy(source: Source, name: string, options: ReadOptions = {}): Promise<CheckpointTensor> {
  const { text, dataStart } = await readHeader(source, options);
  const { descr, fortran_order: fortran, shape } = parseHeader(text, source.name);
  const { dtype, bigEndian } = parseType(descr, source.name);
  const count = elementCount(shape, name);
  const wanted = count * BYTES_PER_ELEMENT[dtype];
  if (source.size - dataStart !== wanted) {
    throw new WeightsError(
      "weights-shape",
      `${source.name} has ${source.size - dataStart} bytes of data where [${shape}] × ${dtype} needs ${wanted}.`,
      "The file is truncated or damaged; download or write it again.",
    );
  }
  const stored = section(source, dataStart, wanted, source.name);
  const bytes = bigEndian ? swapped(stored, BYTES_PER_ELEMENT[dtype]) : stored;
  const strides = contiguousStrides(shape, fortran ? "F" : "C");
  return checkpointTensor({ name, dtype, shape, strides, available: count, bytes });
}

/** What is said before the numbers, and where they begin. */
export async function readHeader(
  source: Source,
  options: ReadOptions,
): Promise<{ readonly text: string; readonly dataStart: number }> {
  const lengthAt = MAGIC_BYTES + VERSION_BYTES;
  const start = viewOf(await readExactly(source, 0, lengthAt + 4, options));
  const version = start.getUint8(MAGIC_BYTES);
  if (start.getUint32(0, false) !== 0x934e554d || version < 1 || version > 3) {
    throw damaged(source.name, "it is no .npy file of version 1 to 3");
  }
  const headerAt = lengthAt + (version === 1 ? 2 : 4);
  const headerBytes = version === 1 ? start.getUint16(lengthAt, true) : start.getUint32(lengthAt, true);
  if (headerBytes > MAX_HEADER_BYTES) throw damaged(source.name, `its header claims ${headerBytes} bytes`);
  const dataStart = headerAt + headerBytes;
  const text = new TextDecoder().decode(await readExactly(source, headerAt, dataStart, options));
  return { text, dataStart };
}

interface NpyHeader {
  readonly descr: unknown;
  readonly fortran_order: boolean;
  readonly shape: readonly number[];
}

function parseHeader(text: string, file: string): NpyHeader {
  const header = parsePythonLiteral(text);
  if (!(header instanceof Map)) throw damaged(file, "its header is no dict");
  const order = header.get("fortran_order");
  const shape = header.get("shape");
  if (typeof order !== "boolean" || !Array.isArray(shape) || !shape.every((each) => typeof each === "number")) {
    throw damaged(file, "its header lacks fortran_order or shape");
  }
  return { descr: header.get("descr"), fortran_order: order, shape: shape as number[] };
}

function parseType(descr: unknown, file: string): { dtype: DType; bigEndian: boolean } {
  const [, order, code] = (typeof descr === "string" && /^([<>|=])(.+)$/.exec(descr)) || [];
  if (code?.startsWith("O")) {
    throw new WeightsError(
      "weights-unsafe",
      `${file} is an array of Python objects, which are stored as a pickle that could run code.`,
      "Save arrays of numbers: numpy.savez(path, **{name: tensor.numpy()}).",
    );
  }
  if (code === undefined || !Object.hasOwn(NUMPY_TYPES, code)) {
    throw new WeightsError(
      "weights-format",
      `${file} has elements of type ${show(descr)}, which are no plain numbers.`,
      "Save float, int or bool arrays.",
    );
  }
  return { dtype: NUMPY_TYPES[code]!, bigEndian: order === ">" };
}

function damaged(file: string, what: string): WeightsError {
  return new WeightsError("weights-format", `${file} is damaged: ${what}.`, "Download or write the file again.");
}
