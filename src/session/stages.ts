import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { withWeights } from "../models/with-weights.ts";
import type { HeldLatents } from "./latents.ts";
import { type Frame, type Scene, Stage, type Wanted } from "./stage.ts";

// Tests: test/session/latents.test.ts

/** Stages of latents that are kept: each has plans, and may have weights of its own. */
const KEPT = 2;

/** Where images of one file's features are shown. */
interface OwnStage {
  readonly stage: Promise<Stage>;
  /** Scenes that are being shown. */
  shown: number;
  /** Whether the file was taken away: nothing is kept of it once nothing is shown. */
  isForgotten: boolean;
  dispose(reason: Error): void;
}

/**
 * Shows scenes, as a `Stage` does: those of z on one, those of features of a layer on one for each
 * file, as they begin elsewhere and may be drawn with weights that were fitted to them.
 */
export class Stages {
  readonly #generator: Generator;
  readonly #segmenter: Segmenter | undefined;
  readonly #main: Stage;
  /** By the latents' hash, those that were used last at the end. */
  readonly #own = new Map<string, OwnStage>();

  constructor(generator: Generator, segmenter: Segmenter | undefined) {
    this.#generator = generator;
    this.#segmenter = segmenter;
    this.#main = new Stage(generator, segmenter);
  }

  /** As `Stage.show`. @throws what reading weights again throws. */
  async show<T>(scene: Scene, wanted: Wanted, use: (frame: Frame) => T | Promise<T>): Promise<T> {
    const { own } = scene;
    if (own?.from === undefined) return this.#main.show(scene, wanted, use);
    const at = this.#stageOf(own);
    at.shown += 1;
    try {
      return await (await at.stage).show(scene, wanted, use);
    } finally {
      at.shown -= 1;
      this.#letGo();
    }
  }

  #stageOf(own: HeldLatents): OwnStage {
    const key = own.about.sha256;
    const stage = this.#own.get(key) ?? this.#open(own, key);
    stage.isForgotten = false; // whoever is shown was given again
    this.#own.delete(key);
    this.#own.set(key, stage);
    return stage;
  }

  #open({ weights, from }: HeldLatents, key: string): OwnStage {
    const generator = weights ? withWeights(this.#generator, weights) : Promise.resolve(this.#generator);
    const stage = generator.then((fitted) => new Stage(fitted, this.#segmenter, from));
    stage.catch(() => this.#own.delete(key)); // whoever asks next tries again
    const dispose = (reason: Error): void => {
      stage.then((opened) => opened.dispose(reason)).catch(() => {});
      if (weights) generator.then((fitted) => fitted.dispose()).catch(() => {});
    };
    return { stage, shown: 0, isForgotten: false, dispose };
  }

  /** Lets go of where images of a file were shown; where one is now, once it was. */
  forget(sha256: string): void {
    const own = this.#own.get(sha256);
    if (own) own.isForgotten = true;
    this.#letGo();
  }

  /** Of those that show nothing now, the ones that were taken away or used longest ago. */
  #letGo(): void {
    for (const [key, own] of this.#own) {
      if (own.shown > 0 || (this.#own.size <= KEPT && !own.isForgotten)) continue;
      this.#own.delete(key);
      own.dispose(new Error("Nothing is shown there."));
    }
  }

  /** @param reason what those are told who wait. */
  dispose(reason: Error): void {
    this.#main.dispose(reason);
    for (const own of this.#own.values()) own.dispose(reason);
    this.#own.clear();
  }
}
