// Loaded before the command line: sends it a signal while it reads the file GANATOMY_READ, at the
// tenth piece, and says at the end how many it had read.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { GANATOMY_READ, GANATOMY_INTERRUPT_BY } = process.env;
const { open } = fs;
let pieces = 0;
fs.open = async (path, ...others) => {
  const handle = await open(path, ...others);
  if (path !== GANATOMY_READ) return handle;
  const read = handle.read.bind(handle);
  handle.read = (...range) => {
    pieces += 1;
    if (pieces === 10) process.kill(process.pid, GANATOMY_INTERRUPT_BY);
    return read(...range);
  };
  return handle;
};
syncBuiltinESMExports();
process.on("exit", () => process.stderr.write(`\npieces read: ${pieces}\n`));
