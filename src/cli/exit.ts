import { type ErrorCode, GanatomyError } from "../errors.ts";

/** What the shell is told. */
export const EXIT = { ok: 0, unexpected: 1, usage: 2, noWebGpu: 3, files: 4, output: 5, aborted: 130 } as const;

export const EXIT_HELP = `Exit status:
  0    done
  1    something unexpected, please report it
  2    wrong options: unknown, out of range, or a layer the model does not have
  3    no WebGPU: no adapter, limits too small, out of memory or the device was lost; or the machine's memory ran out
  4    files that are read: missing, a folder or no regular file, empty, unreachable, damaged, unsafe, or not what
       is wanted there; a file for a folder; labels that do not fit; a photo that is none
  5    output: the folder is not ours, not writable, or the disk is full
  130  interrupted; what was finished has been written`;

/** The exit status of each code; a new code that is not here does not compile. */
const STATUS = {
  usage: EXIT.usage,
  "insecure-context": EXIT.noWebGpu,
  "no-webgpu": EXIT.noWebGpu,
  "no-adapter": EXIT.noWebGpu,
  limit: EXIT.noWebGpu,
  "device-lost": EXIT.noWebGpu,
  "out-of-memory": EXIT.noWebGpu,
  "host-memory": EXIT.noWebGpu,
  "weights-format": EXIT.files,
  "weights-unsafe": EXIT.files,
  "weights-shape": EXIT.files,
  "weights-values": EXIT.files,
  "weights-integrity": EXIT.files,
  network: EXIT.files,
  "not-found": EXIT.files,
  file: EXIT.files,
  labels: EXIT.files,
  photo: EXIT.files,
  output: EXIT.output,
  kernel: EXIT.unexpected,
  shape: EXIT.unexpected,
} as const satisfies Record<ErrorCode, number>;

/** The exit status that an error stands for. */
export function exitStatus(error: unknown): number {
  return error instanceof GanatomyError ? STATUS[error.code] : EXIT.unexpected;
}
