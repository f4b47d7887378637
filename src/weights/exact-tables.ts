import { WeightsError } from "../errors.ts";
import { readExactly } from "./bytes.ts";
import { openSource } from "./open.ts";
import { openSafetensors } from "./safetensors.ts";
import type { SourceLike } from "./source.ts";

// Tests: test/report/open.test.ts, test/cli/commands/compare.test.ts

/** Numbers by their name, of as many as are wanted. */
export interface ExactTables {
  /**
   * @param length how many numbers it must have; any unless given
   * @throws WeightsError "weights-format" for a name or type that is not there, "weights-shape" for
   *   another length.
   */
  table(
    name: string,
    length?: number,
  ): Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** Whether there is one of this name. */
  has(name: string): boolean;
}

const ARRAYS = { U32: Uint32Array, F32: Float32Array, F64: Float64Array } as const;

/**
 * The tables of a report's safetensors, exactly: what reads checkpoints makes single precision of
 * counts.
 * @throws WeightsError for a damaged file.
 */
export async function openExactTables(like: SourceLike): Promise<ExactTables> {
  const source = await openSource(like);
  await openSafetensors(source); // says what is damaged
  const bytes = await readExactly(source, 0, source.size, {});
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { readonly dtype: string; readonly data_offsets: readonly [number, number] }
  >;
  const has = (name: string): boolean => Object.hasOwn(header, name);
  const table: ExactTables["table"] = (name, wanted) => {
    const place = has(name) ? header[name] : undefined;
    const Numbers = ARRAYS[place?.dtype as keyof typeof ARRAYS];
    if (!place || !Numbers) {
      throw new WeightsError("weights-format", `${source.name} has no table "${name}".`, "Dissect it again.");
    }
    const [start, end] = place.data_offsets;
    const numbers = new Numbers(bytes.slice(8 + length + start, 8 + length + end).buffer);
    if (wanted !== undefined && numbers.length !== wanted) {
      throw new WeightsError(
        "weights-shape",
        `The table "${name}" of ${source.name} has ${numbers.length} numbers, and its report needs ${wanted}.`,
        "Files of two reports are mixed: dissect it again.",
      );
    }
    return numbers;
  };
  return { table, has };
}
