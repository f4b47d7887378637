// Tests: test/node/folder.test.ts
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What a file is called until it is whole. */
export const temporaryName = (): string => `.ganatomy-${randomBytes(6).toString("hex")}.tmp`;

/** Whether a killed run left it. */
export const isTemporary = (name: string): boolean => /^\.ganatomy-[0-9a-f]{12}\.tmp$/.test(name);

/** What a file is to hold. */
export type FileData = Uint8Array | string | AsyncIterable<Uint8Array>;

export interface WholeOptions {
  /** Where the file is until it is whole, on the same disk; its own folder unless given. */
  readonly beside?: string;
  /** Called when it is about to appear. */
  readonly before?: (() => Promise<void>) | undefined;
}

/**
 * Writes a file that appears whole or not at all, after a power loss too; never through a link that
 * somebody put in its place.
 */
export async function writeWhole(
  path: string,
  data: FileData,
  { beside = dirname(path), before }: WholeOptions = {},
): Promise<void> {
  const temporary = join(beside, temporaryName());
  try {
    const file = await open(temporary, "wx");
    try {
      if (typeof data === "string" || data instanceof Uint8Array) await file.writeFile(data);
      else for await (const bytes of data) await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await before?.();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
