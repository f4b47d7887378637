// Tests: test/report/write.test.ts
/**
 * Where a report is written: a disk in Node, a map in the browser and in tests. Paths are relative
 * and use "/".
 */
export interface Folder {
  /** Writes a file, over one of the same path; text becomes UTF-8. */
  write(path: string, data: Uint8Array | string): Promise<void>;
}

/** A folder that lives in memory, its files in the order in which they were written. */
export interface MemoryFolder extends Folder {
  /** By path. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
}

/** Makes an empty folder in memory. */
export function memoryFolder(): MemoryFolder {
  const files = new Map<string, Uint8Array | string>();
  return {
    files,
    async write(path, data) {
      files.set(path, data);
    },
  };
}

/** The folder `path` within a folder. */
export function subfolder(folder: Folder, path: string): Folder {
  return { write: (name, data) => folder.write(`${path}/${name}`, data) };
}
