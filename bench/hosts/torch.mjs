// PyTorch, where Python has it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const TORCH = fileURLToPath(new URL("../peers/pytorch.py", import.meta.url));

/** A Python that has PyTorch: the first in the path, or the system's. */
export function findTorch() {
  const errors = [];
  for (const python of ["python3", "/usr/bin/python3"]) {
    const { status, stdout, stderr, error } = spawnSync(python, [TORCH, "--version"], { encoding: "utf8" });
    if (status === 0) return { python, version: stdout.trim() };
    errors.push(error?.message ?? stderr.trim().split("\n").at(-1));
  }
  return { why: errors[0] };
}
