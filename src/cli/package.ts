// Tests: test/cli/commands/generate.test.ts
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder with `package.json` and `weights/`: above dist/ when built, above src/ in tests. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder))
      throw new Error("ganatomy's own package.json is missing; install the package again.");
  }
}
