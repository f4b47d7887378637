import { GanatomyError } from "../errors.ts";

/**
 * A part of the library that is loaded when it is needed: the known networks, which whoever brings
 * their own does without.
 * @throws GanatomyError `network` when its file cannot be had.
 */
export async function onDemand<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new GanatomyError(
      "network",
      `The part of this library that knows the ${what} did not load.`,
      "Serve the whole `dist` folder, chunks included.",
      { cause },
    );
  }
}
