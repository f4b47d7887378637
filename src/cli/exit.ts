import { GanatomyError } from "../errors.ts";

/** What the shell is told. */
export const EXIT = { ok: 0, unexpected: 1, usage: 2, noWebGpu: 3, weights: 4, output: 5, aborted: 130 } as const;

export const EXIT_HELP = `Exit status:
  0    done
  1    something unexpected, please report it
  2    wrong options: unknown, out of range, or a layer the model does not have
  3    no WebGPU: no adapter, limits too small, out of memory or the device was lost
  4    weights: missing, unreachable, damaged, unsafe, or not of a kind we know; labels that do not fit; a photo that is none
  5    output: the folder is not ours, not writable, or the disk is full
  130  interrupted; what was finished has been written`;

/** The exit status that an error stands for. */
export function exitStatus(error: unknown): number {
  if (!(error instanceof GanatomyError)) return EXIT.unexpected;
  switch (error.code) {
    case "usage":
      return EXIT.usage;
    case "insecure-context":
    case "no-webgpu":
    case "no-adapter":
    case "limit":
    case "device-lost":
    case "out-of-memory":
      return EXIT.noWebGpu;
    case "weights-format":
    case "weights-unsafe":
    case "weights-shape":
    case "weights-integrity":
    case "network":
    case "not-found":
    case "labels":
    case "photo":
      return EXIT.weights;
    case "output":
      return EXIT.output;
    case "kernel":
    case "shape":
      return EXIT.unexpected;
  }
}
