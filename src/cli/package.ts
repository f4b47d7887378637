// Tests: test/cli/commands/generate.test.ts
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
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

/** The version of an optional package as it would be loaded, or null when it is not installed. */
export async function installedVersion(name: string): Promise<string | null> {
  for (let folder = packageRoot(); ; folder = dirname(folder)) {
    try {
      const text = await readFile(join(folder, "node_modules", name, "package.json"), "utf8");
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      if (folder === dirname(folder)) return null;
    }
  }
}
