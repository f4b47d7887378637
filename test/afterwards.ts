import { afterAll, vi } from "vitest";

// Tests: test/afterwards.test.ts

/** Where tests run. */
const FOLDER = process.cwd();

/** What a file has put in the place of globals is gone for the next that shares its process. */
export function restore(): void {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  process.chdir(FOLDER);
}

afterAll(restore);
