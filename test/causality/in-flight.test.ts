import { expect, test } from "vitest";
import { InFlight } from "../../src/causality/in-flight.ts";
import type { Device } from "../../src/runtime/device.ts";

/** A device whose batches end when they are told to. */
function device() {
  const ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  const idle = () => new Promise<void>((resolve, reject) => ends.push({ resolve, reject }));
  return { ends, device: { idle } as unknown as Device };
}

/** Whether it has settled once all else that can go on has gone on. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const tick = new Promise<"not yet">((resolve) => setTimeout(() => resolve("not yet"), 0));
  return (await Promise.race([promise, tick])) !== "not yet";
}

test("a batch is waited for when the next was submitted, and the last at the end", async () => {
  const { ends, device: one } = device();
  const inFlight = new InFlight(one);
  await inFlight.end(); // nothing was submitted
  await inFlight.submitted();
  const second = inFlight.submitted();
  expect(await settled(second)).toBe(false);
  ends[0]!.resolve();
  await second;
  const end = inFlight.end();
  expect(await settled(end)).toBe(false);
  ends[1]!.resolve();
  await end;
});

test("a lost device is told of by the batch after, and never as nobody's rejection", async () => {
  const { ends, device: one } = device();
  const inFlight = new InFlight(one);
  await inFlight.submitted();
  ends[0]!.reject(new Error("lost"));
  await settled(new Promise(() => {}));
  await expect(inFlight.submitted()).rejects.toThrow("lost");
  ends[1]!.reject(new Error("lost at the end"));
  await expect(inFlight.end()).rejects.toThrow("lost at the end");
});
