import { describe, expect, test, vi } from "vitest";
import type { UnitPictures } from "../../src/dissect/result.ts";
import { OutputError, UsageError } from "../../src/errors.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { DrawingPlan } from "../../src/report/drawing.ts";
import { type Hand, HandPool, startPool } from "../../src/report/drawing-pool.ts";
import type { ToWorker } from "../../src/report/drawing-serve.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import type { ImageEncoder } from "../../src/report/image.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture } from "./fixture.ts";
import { LocalHand, layers, options, pool, write } from "./hands.ts";

const hung: ImageEncoder = { ...nodeEncoder(), png: () => new Promise(() => {}) };
const gone = new OutputError("It ended.", "Free some memory.");

/** A worker that takes no jobs: what is to be sent, cannot be. */
class DeafHand extends LocalHand {
  refused = 0;
  override send(message: ToWorker, transfer: ArrayBuffer[]): void {
    if ("job" in message && this.refused++ >= 0) throw new DOMException("It could not be cloned.", "DataCloneError");
    super.send(message, transfer);
  }
}

describe("a worker that ends", () => {
  test("leaves its units to the others, which are waited for no longer than they draw", async () => {
    const stuck = new LocalHand(hung);
    const other = new LocalHand();
    const onLost = vi.fn();
    setTimeout(() => stuck.died(gone), 50);
    const made = (plan: DrawingPlan) => new HandPool(plan, [stuck, other], nodeEncoder(), { onLost });
    const files = await write({ pool: made });
    expect(files).toEqual(await write());
    expect([...files.keys()]).toEqual([...(await write()).keys()]);
    expect(onLost.mock.calls).toEqual([[gone]]);
    expect(stuck.jobs).toHaveLength(2);
    expect(other.jobs).toHaveLength(11);
    for (const hand of [stuck, other]) expect([hand.ended, hand.states.at(-1)]).toEqual([true, false]);
  });

  test("leaves them to this thread when none is left, and it is said once", async () => {
    const hands = [new LocalHand(hung), new LocalHand(hung)];
    const onLost = vi.fn();
    setTimeout(() => hands[0]!.died(gone), 20);
    setTimeout(() => hands[1]!.died(gone), 40);
    const files = await write({ pool: (plan) => new HandPool(plan, hands, nodeEncoder(), { onLost }) });
    expect(files).toEqual(await write());
    expect(onLost).toHaveBeenCalledTimes(1);
    expect(hands.map(({ states }) => states.at(-1))).toEqual([false, false]);
  });

  test("is not waited for, nor are the others when idle, whether the pool is closed or not", async () => {
    const [stuck, other] = [new LocalHand(hung), new LocalHand()];
    const { dissection, pictures } = fixture({ layers });
    let made: HandPool | undefined;
    const make = (plan: DrawingPlan) => {
      made = new HandPool(plan, [stuck, other], nodeEncoder());
      vi.spyOn(made, "close").mockResolvedValue();
      return made;
    };
    setTimeout(() => stuck.died(gone), 50);
    await writeReport(memoryFolder(), dissection, pictures(), { ...options, pool: make });
    expect([stuck.states.at(-1), other.states.at(-1)]).toEqual([false, false]);
    expect([stuck.ended, other.ended]).toEqual([true, false]);
  });
});

describe("a unit", () => {
  test("that cannot be sent is drawn by this thread, and its pictures do not count as sent", async () => {
    const hand = new DeafHand();
    expect(await write({ pool: pool([hand]) })).toEqual(await write());
    expect(hand.refused).toBe(11);
    expect(hand.states.at(-1)).toBe(false);

    const once = new DeafHand();
    const send = once.send.bind(once);
    once.send = (message, transfer) => {
      if ("job" in message && once.refused > 0) LocalHand.prototype.send.call(once, message, transfer);
      else send(message, transfer);
    };
    expect(await write({ pool: pool([once]) })).toEqual(await write());
    expect(once.jobs).toHaveLength(10);
    const known = new Set<number>();
    for (const { pictures, tops } of once.jobs) {
      for (const { image } of pictures) known.add(image);
      for (const { image } of tops) expect(known.has(image)).toBe(true);
    }
  });

  test("whose drawing fails in a worker for no reason of its own is drawn by this thread", async () => {
    const short: ImageEncoder = {
      ...nodeEncoder(),
      jpeg: () => {
        throw new RangeError("Array buffer allocation failed");
      },
    };
    const hand = new LocalHand(short);
    expect(await write({ pool: pool([hand]) })).toEqual(await write());
    expect(hand.jobs).toHaveLength(11);
  });

  test("is sent with its own pictures alone, even if they are parts of something large", async () => {
    const hand = new LocalHand();
    const { pictures } = fixture({ layers });
    const large = Buffer.alloc(2 ** 20);
    async function* parts(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) {
        const tops = unit.tops.map(({ picture, feature }) => {
          const rgb = large.subarray(8, 8 + picture.rgb.length);
          const labels = new Uint16Array(large.buffer, 2 ** 19, picture.labels.length);
          rgb.set(picture.rgb);
          labels.set(picture.labels);
          return { picture: { ...picture, rgb, labels }, feature };
        });
        yield { ...unit, tops };
        break;
      }
    }
    await write({ pool: pool([hand]), pictures: parts() });
    const sent = hand.jobs.flatMap((job) => job.pictures);
    expect(sent.length).toBeGreaterThan(2);
    for (const { rgb, labels } of sent) {
      expect([rgb.buffer.byteLength, labels.buffer.byteLength]).toEqual([rgb.byteLength, labels.byteLength]);
    }
  });
});

describe("workers", () => {
  const plan = {} as DrawingPlan;

  test("are as many as can be started", async () => {
    const started: LocalHand[] = [];
    const start = (): Hand => {
      if (started.length === 2) throw new Error("EAGAIN");
      started.push(new LocalHand());
      return started.at(-1)!;
    };
    expect(await write({ pool: (its) => startPool(its, 5, start, nodeEncoder()) })).toEqual(await write());
    expect(started.map(({ ended, jobs }) => ended && jobs.length > 0)).toEqual([true, true]);
    const none = (): Hand => {
      throw new Error("ERR_ACCESS_DENIED");
    };
    expect(startPool(plan, 5, none, nodeEncoder())).toBeUndefined();
    expect(() => new HandPool(plan, [], nodeEncoder())).toThrow(UsageError);
  });

  test("that cannot be told what there is to draw are let go", async () => {
    const [mute, other] = [new LocalHand(), new LocalHand()];
    mute.send = () => {
      throw new Error("no");
    };
    expect(await write({ pool: pool([mute, other]) })).toEqual(await write());
    expect([mute.ended, other.jobs.length]).toEqual([true, 11]);
  });

  test("are not started to draw nothing", async () => {
    const made = vi.fn();
    async function* none(): AsyncGenerator<never> {}
    const { pictures } = fixture({ layers });
    async function* empty(): AsyncIterable<UnitPictures> {
      for await (const unit of pictures()) yield { ...unit, tops: [] };
    }
    expect((await write({ pool: made, pictures: none() })).has("report.html")).toBe(true);
    expect((await write({ pool: made, pictures: empty() })).has("report.html")).toBe(true);
    expect(made).not.toHaveBeenCalled();
  });

  test("that hang do not outlast an abort", async () => {
    const hands = [new LocalHand(hung), new LocalHand(hung)];
    const controller = new AbortController();
    const reason = new Error("stop");
    setTimeout(() => controller.abort(reason), 50);
    await expect(write({ pool: pool(hands), signal: controller.signal })).rejects.toBe(reason);
    expect(hands.map(({ ended }) => ended)).toEqual([true, true]);
  });
});
