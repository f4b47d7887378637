import { GanatomyError } from "../errors.ts";
import type { Device } from "../runtime/device.ts";

/** Whether fewer images at a time may be what helps. */
export const isTooLarge = (error: unknown): error is GanatomyError =>
  error instanceof GanatomyError && (error.code === "out-of-memory" || error.code === "limit");

/**
 * How many images at a time to try next where a batch did not fit: as many as are known to fit, or
 * half, and as are allowed. The device's owner is told.
 * @throws the error, if it is another or no fewer are allowed.
 */
export async function smallerBatch(
  device: Device,
  batch: number,
  error: unknown,
  isAllowed: (batch: number) => boolean = () => true,
): Promise<number> {
  if (!isTooLarge(error) || batch <= 1) throw error;
  let next = Math.min(error.batch ?? batch, Math.ceil(batch / 2));
  while (next > 0 && !isAllowed(next)) next -= 1;
  if (next < 1) throw error;
  await device.reclaim(); // what the attempt let go is given back before the next
  device.warn(`${batch} images at a time do not fit into the GPU's memory; going on with ${next}.`);
  return next;
}

/** What `make` makes of a batch or, where that does not fit, of the next smaller one that does. */
export async function withFittingBatch<T>(
  device: Device,
  batch: number,
  make: (batch: number) => Promise<T>,
): Promise<T> {
  for (let asked = batch; ; ) {
    try {
      return await make(asked);
    } catch (error) {
      asked = await smallerBatch(device, asked, error);
    }
  }
}

/**
 * Throws the error of a batch that did not compile, with the one that would: `compile` is tried
 * with half, and half of that, and disposed.
 * @throws whatever else the compilation of fewer ends in.
 */
export async function nameFitting(
  device: Device,
  batch: number,
  error: unknown,
  compile: (batch: number) => Promise<{ dispose(): void }>,
): Promise<never> {
  if (!isTooLarge(error)) throw error;
  for (let tried = batch; tried > 1; ) {
    tried = Math.ceil(tried / 2);
    await device.reclaim();
    const fits = await compile(tried).then(
      (plan) => {
        plan.dispose();
        return true;
      },
      (another) => {
        if (isTooLarge(another)) return false;
        throw another; // it was stopped, or the device was lost
      },
    );
    if (fits) throw restated(error, `A batch of ${tried} fits.`, tried);
  }
  throw restated(error, "Not even one image fits: use fewer layers or a smaller model.");
}

/** The same error with another fix. */
function restated(error: GanatomyError, fix: string, batch?: number): GanatomyError {
  const Kind = error.constructor as typeof GanatomyError;
  const cause = error.message.slice(0, -error.fix.length).trim();
  return new Kind(error.code, cause, fix, { cause: error, batch });
}
