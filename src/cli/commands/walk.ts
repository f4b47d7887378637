// Tests: test/cli/commands/walk.test.ts

import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Generator, loadGenerator } from "../../index.ts";
import { legsOf, walkAt } from "../../inversion/walk.ts";
import { withFittingBatch } from "../../models/batch-size.ts";
import { withoutAlpha } from "../../models/images.ts";
import { unreadable } from "../../node/file-errors.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { decodePhoto } from "../../node/photo/decode.ts";
import { encodeApng } from "../../node/photo/encode-apng.ts";
import { readBytes } from "../../node/regular-file.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf, generatorOptions } from "../generator-flags.ts";
import { EMBEDDED, loadingOf, openModel } from "../models.ts";
import { FORCE, named, whole } from "../options.ts";
import { settingsOf } from "../settings.ts";
import { print } from "../terminal.ts";
import { picturePng } from "../tile-pictures.ts";
import { checkStops, openStops, type StopName, type Stops } from "../walk/stops.ts";
import { type Running, withDevice, withFolder, withInterrupt } from "../with-folder.ts";

export interface WalkCommandOptions extends GeneratorFlags {
  readonly space?: string;
  readonly frames: number;
  readonly fps: number;
  readonly loop?: boolean;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly batch: number;
  readonly json?: boolean;
}

export const walkCommand: CliCommand<WalkCommandOptions, [stops: readonly string[]]> = {
  name: "walk",
  description: "draw the way from one latent to the next: a PNG a frame, and walk.png, which is animated",
  resumes: "Frames that are drawn are kept: the same command goes on after Ctrl-C.",
  options: (command) =>
    generatorOptions(command)
      .argument("<stops...>", "seeds, whose image 0 is meant, and files: what invert wrote, or rows of z or w")
      .option(
        "--space <name>",
        "where it walks: z on great circles, or w, w+ or a layer straight (default: the last that a stop has)",
        named,
      )
      .option("--frames <n>", "frames from one stop to the next", whole("The number of frames", 1, 10_000), 30)
      .option("--fps <n>", "frames a second", whole("It", 1, 1000), 24)
      .option("--loop", "come back to the first stop, and play for ever")
      .option("--outdir <dir>", "where frames go (default: walk/MODEL)", named)
      .option("--force", FORCE)
      .option("--batch <n>", "frames at a time", whole("The batch size", 1, 1024), 8)
      .option("--json", "print walk.json on stdout"),
  run,
};

/** What walk.json holds. */
interface Walk {
  readonly model: string;
  readonly space: string;
  readonly stops: readonly StopName[];
  readonly frames: number;
  readonly fps: number;
  readonly loop: boolean;
  /** Of all that frames depend on but the weights: where it is another's, frames are drawn anew. */
  readonly key: string;
  /** So many frames, from the first on, are this walk's; others may be of one before. */
  readonly drawn: number;
}

/** Draws the frames; resolves with the exit status. */
function run(options: WalkCommandOptions, asked: readonly string[]): Promise<number> {
  return withInterrupt(async (running) => {
    const { signal, note } = running;
    checkStops(asked);
    const model = await openModel(options.model ?? EMBEDDED, loadingOf(running, options));
    const output = {
      path: options.outdir ?? join("walk", model.name),
      force: options.force,
      kind: "a walk",
      // the same frames may be shown faster
      settings: settingsOf("walk", { ...options, fps: undefined }, asked),
    };
    let walk: Omit<Walk, "drawn"> | undefined;
    let frames: Frames | undefined;
    const { folder, complete } = await withFolder(running, output, (folder) =>
      withDevice(running, {}, async (device) => {
        const loading = { ...generatorOf(options), device, name: model.name, signal, onWarning: note };
        const generator = await loadGenerator(model.source, loading);
        const { space, classes } = options;
        const stops = await openStops(asked, generator, { space, classes, signal, note });
        walk = walkOf(stops, options);
        frames = new Frames(stops, options, folder);
        await frames.draw(walk, running);
        const how = { frames: frames.count, fps: walk.fps, plays: walk.loop ? 0 : 1 };
        await folder.write("walk.png", encodeApng(frames.all(), how));
      }),
    );
    if (options.json && frames) {
      print(`${JSON.stringify({ ...walk, drawn: frames.drawn, complete }, null, 2)}\n`);
    }
    const files = `${folder.written} ${folder.written === 1 ? "file" : "files"} in ${folder.path} (${running.took()})`;
    if (complete) note(`${files}; walk.png shows it in a browser`);
    else if (folder.written === 0) note("Interrupted before there was anything to keep.");
    else note(`Interrupted. ${files}\nThe same command goes on from there.`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}

function walkOf(stops: Stops, options: WalkCommandOptions): Omit<Walk, "drawn"> {
  const { generator, names, space, rows, weights = null } = stops;
  const { frames, fps, loop = false } = options;
  const hash = createHash("sha256").update(JSON.stringify([space, frames, loop, generatorOf(options), weights]));
  for (const row of rows) hash.update(row);
  return { model: generator.name, space, stops: names, frames, fps, loop, key: hash.digest("hex") };
}

/**
 * The frames of a walk: those of an earlier run, as far as they are the same walk's, and others.
 */
class Frames {
  readonly #generator: Generator;
  readonly #stops: Stops;
  #batch: number;
  readonly #loop: boolean;
  readonly #folder: OutputFolder;
  readonly #frames: number;
  /** Of all. */
  readonly count: number;
  /** So many, from the first on. */
  drawn = 0;

  constructor(stops: Stops, options: WalkCommandOptions, folder: OutputFolder) {
    this.#generator = stops.generator;
    this.#stops = stops;
    this.#loop = options.loop ?? false;
    this.#folder = folder;
    this.#frames = options.frames;
    this.count = legsOf(stops.rows.length, this.#loop) * options.frames + (this.#loop ? 0 : 1);
    this.#batch = Math.min(options.batch, this.count);
  }

  /** Writes those that are not there, as soon as they are drawn. */
  async draw(walk: Omit<Walk, "drawn">, { progress, signal, note }: Running): Promise<void> {
    const { space } = this.#stops;
    const { height, width } = this.#generator;
    const png = picturePng(this.#generator);
    const from = space === "z" ? {} : { from: space };
    const plan = await withFittingBatch(this.#generator.device, this.#batch, (batch) =>
      this.#generator.compile({ batch, bytes: true, ...from, signal }),
    );
    this.#batch = plan.batch;
    const draw = async (frames: readonly number[]): Promise<Uint8Array[]> => {
      signal.throwIfAborted();
      plan.run(this.#rows(frames));
      const pixels = height * width;
      const rgba = new Uint8Array((await plan.rgba!.read(frames.length * pixels)).buffer);
      return frames.map((_, i) => png({ width, height, rgb: withoutAlpha(rgba, i * pixels, pixels) }));
    };
    try {
      // The first one tells whether these are the weights that an earlier run had.
      const [first] = await draw([0]);
      const found = await this.#found(walk, first!);
      const tell = (frame: number): Promise<void> => {
        this.drawn = Math.max(this.drawn, frame + 1);
        return this.#folder.write("walk.json", `${JSON.stringify({ ...walk, drawn: this.drawn }, null, 1)}\n`);
      };
      // Before the first frame of it, so that none of another walk is taken for this one's.
      await tell([...found].at(-1) ?? -1);
      await this.#folder.write(this.#name(0), first!);
      // Written again, so that the folder knows them for this run's.
      for (const frame of found) await this.#folder.write(this.#name(frame), await this.#read(frame));
      found.add(0);
      await tell(0);
      if (found.size > 1) note(`${found.size} frames of an earlier run are in ${this.#folder.path}.`);
      const missing = Array.from({ length: this.count }, (_, frame) => frame).filter((frame) => !found.has(frame));
      progress.report("frames", found.size, this.count);
      for (let at = 0; at < missing.length; at += this.#batch) {
        const frames = missing.slice(at, at + this.#batch);
        for (const [i, bytes] of (await draw(frames)).entries()) {
          await this.#folder.write(this.#name(frames[i]!), bytes);
        }
        await tell(frames.at(-1)!);
        progress.report("frames", found.size + at + frames.length, this.count);
      }
    } finally {
      plan.dispose();
    }
  }

  /** The PNGs of all frames, in their order, as they were written. */
  async *all(): AsyncGenerator<Uint8Array> {
    for (let frame = 0; frame < this.count; frame += 1) yield await this.#read(frame);
  }

  /** @throws OutputError for one that is gone. */
  #read(frame: number): Promise<Uint8Array> {
    const path = join(this.#folder.path, this.#name(frame));
    return readBytes(path, (cause) => unreadable(path, cause));
  }

  /** Rows of frames, one behind the other. */
  #rows(frames: readonly number[]): Float32Array {
    const { rows, space } = this.#stops;
    const length = rows[0]!.length;
    const all = new Float32Array(frames.length * length);
    const way = { sphere: space === "z" ? this.#generator.zSize : 0, loop: this.#loop };
    for (const [i, frame] of frames.entries()) all.set(walkAt(rows, frame / this.#frames, way), i * length);
    return all;
  }

  #name(frame: number): string {
    return `frame_${String(frame).padStart(String(this.count - 1).length, "0")}.png`;
  }

  /** Which frames behind the first an earlier run drew of this walk, in their order. */
  async #found(walk: Omit<Walk, "drawn">, first: Uint8Array): Promise<Set<number>> {
    const read = (name: string): Promise<Buffer | undefined> =>
      readBytes(join(this.#folder.path, name), () => undefined); // then it is drawn
    const found = new Set<number>();
    const drawn = drawnOf(await read("walk.json"), walk.key);
    if (drawn === 0 || !(await read(this.#name(0)))?.equals(first)) return found;
    for (let frame = 1; frame < Math.min(drawn, this.count); frame += 1) {
      const name = this.#name(frame);
      const bytes = await read(name);
      if (bytes && (await isPicture(bytes, name))) found.add(frame);
    }
    return found;
  }
}

/** How many frames are of the walk with this key. */
function drawnOf(json: Buffer | undefined, key: string): number {
  try {
    const walk: Partial<Walk> | null = JSON.parse(json?.toString() ?? "null");
    return walk?.key === key && Number.isInteger(walk.drawn) ? walk.drawn! : 0;
  } catch {
    return 0; // then they are drawn again
  }
}

/** Whether a file is still what was written. */
async function isPicture(bytes: Uint8Array, name: string): Promise<boolean> {
  try {
    await decodePhoto(bytes, name);
    return true;
  } catch {
    return false; // then it is drawn again
  }
}
