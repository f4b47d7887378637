import { GanatomyError, UsageError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import type { Device } from "../runtime/device.ts";

// Tests: test/server/networks.test.ts

/** Devices that are lost in a row before somebody is told so. */
const MOST_LOSSES = 3;
/** Milliseconds in which a device says that it was lost after what was read from it failed. */
const SAYS_SO = 100;

/** Devices in place of those that were lost: one for all networks that were on the same one. */
export class Devices {
  readonly #request: (() => Promise<Device>) | undefined;
  /** By the lost one. */
  readonly #instead = new Map<Device, Promise<Device>>();
  #disposed = false;

  /** @param request makes a device; without it, what is lost stays lost. */
  constructor(request?: () => Promise<Device>) {
    this.#request = request;
  }

  /** Whether this device is lost, and there can be another in its place. */
  async isLost(device: Device): Promise<boolean> {
    if (!this.#request || this.#disposed) return false;
    const lost = device.lost.then(() => true);
    return Promise.race([lost, new Promise<false>((resolve) => setTimeout(resolve, SAYS_SO, false))]);
  }

  /** @throws what making a device throws. */
  async instead(lost: Device): Promise<Device> {
    const made = this.#instead.get(lost);
    if (!made) return this.#make(lost);
    const device = await made;
    return (await this.isLost(device)) ? this.instead(device) : device;
  }

  #make(lost: Device): Promise<Device> {
    const made = this.#request!().then((device) => {
      if (!this.#disposed) return device;
      device.dispose();
      throw new UsageError("This handler was disposed.", "Create another.");
    });
    this.#instead.set(lost, made);
    made.catch(() => this.#instead.delete(lost)); // the next one tries again
    return made;
  }

  /** Lets go of those that were made here. */
  dispose(): void {
    this.#disposed = true;
    for (const made of this.#instead.values()) {
      made.then(
        (device) => device.dispose(),
        () => {},
      );
    }
  }
}

/** A project's generator and segmenter: others of the same kind once their device was lost. */
export class Networks {
  readonly #devices: Devices;
  #generator: Generator;
  #segmenter: Segmenter | undefined;
  /** Whether they were made here. */
  #own = false;

  constructor(generator: Generator, segmenter?: Segmenter, devices = new Devices()) {
    this.#generator = generator;
    this.#segmenter = segmenter;
    this.#devices = devices;
  }

  get generator(): Generator {
    return this.#generator;
  }

  get segmenter(): Segmenter | undefined {
    return this.#segmenter;
  }

  /**
   * Does work with them: from its beginning on another device if theirs is lost, so that it keeps
   * nothing of what it did before.
   * @throws what the work throws, and what making a device or networks on it does.
   */
  async use<T>(work: () => Promise<T>): Promise<T> {
    for (let losses = 0; ; losses += 1) {
      try {
        if (losses > 0) await this.#renew();
        return await work();
      } catch (error) {
        const lost = error instanceof GanatomyError && error.code === "device-lost";
        if (!lost || losses === MOST_LOSSES || !(await this.#devices.isLost(this.#generator.device))) throw error;
      }
    }
  }

  async #renew(): Promise<void> {
    const device = await this.#devices.instead(this.#generator.device);
    const generator = await this.#generator.copyTo(device);
    let segmenter: Segmenter | undefined;
    try {
      segmenter = await this.#segmenter?.copyTo(device);
    } catch (error) {
      generator.dispose();
      throw error;
    }
    this.dispose();
    this.#generator = generator;
    this.#segmenter = segmenter;
    this.#own = true;
  }

  /** Lets go of those that were made here; others are their owner's. */
  dispose(): void {
    if (!this.#own) return;
    this.#generator.dispose();
    this.#segmenter?.dispose();
  }
}
