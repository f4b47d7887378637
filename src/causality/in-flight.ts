import type { Device } from "../runtime/device.ts";

/** Keeps at most two batches in flight, so that a page stays responsive and no queue grows. */
export class InFlight {
  readonly #device: Device;
  #previous: Promise<void> | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  /** After a batch was submitted: waits for the one before it. @throws DeviceLostError */
  async submitted(): Promise<void> {
    const before = this.#previous;
    this.#previous = this.#device.idle();
    this.#previous.catch(() => {}); // awaited a batch later
    await before;
  }

  /** Waits for the last one. @throws DeviceLostError */
  async end(): Promise<void> {
    await this.#previous;
  }
}
