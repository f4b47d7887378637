import { join } from "node:path";
import { GanatomyError } from "../../errors.ts";
import { openCheckpoint, writeSafetensors } from "../../index.ts";
import type { Inversion, LatentSpace } from "../../inversion/index.ts";
import { fileSource } from "../../node/files.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { sha256 } from "../../node/kept/file.ts";
import { parseJson } from "../../weights/json.ts";

/** Where an inversion stands, until it is done. */
const FILE = "inversion.state";
/** What stands before the names of a generator's inputs. */
const INPUT = "input.";

/** What a file says of an inversion beside its tensors. */
interface About {
  readonly space: LatentSpace;
  readonly start: number;
  readonly layer?: string;
  readonly psnr: Inversion["psnr"];
}

/** What was found by stages that are over, in the output folder: the next run goes on from it. */
export class KeptInversion {
  readonly found: Inversion | undefined;
  readonly #folder: OutputFolder;
  readonly #key: string;

  private constructor(folder: OutputFolder, key: string, found: Inversion | undefined) {
    this.found = found;
    this.#folder = folder;
    this.#key = key;
  }

  /** Looks for what a run of the same settings, as JSON, left in the folder. */
  static async open(folder: OutputFolder, settings: unknown): Promise<KeptInversion> {
    const key = sha256(JSON.stringify(settings));
    return new KeptInversion(folder, key, await read(join(folder.path, FILE), key));
  }

  async keep({ space, start, latent, inputs, layer, features, psnr, images }: Inversion): Promise<void> {
    const vector = (data: Float32Array) => ({ dtype: "float32" as const, shape: [data.length], data });
    const tensors = {
      latent: vector(latent),
      image: vector(images.latent),
      ...(features && { features: vector(features) }),
      ...Object.fromEntries([...inputs].map(([name, numbers]) => [`${INPUT}${name}`, vector(numbers)])),
    };
    const about: About = { space, start, ...(layer !== undefined && { layer }), psnr };
    // JSON has no infinity, which an image that is met has.
    const text = JSON.stringify(about, (_, value) =>
      Math.abs(value) === Number.POSITIVE_INFINITY ? `${value}` : value,
    );
    const bytes = writeSafetensors(tensors, { key: this.#key, about: text });
    await this.#folder.of("state", this.#key).write(FILE, bytes);
  }

  /** All is done: nobody goes on from here. */
  remove(): Promise<void> {
    return this.#folder.remove(FILE);
  }
}

/** What a file holds; undefined where there is none, of other settings, or one that is damaged. */
async function read(path: string, key: string): Promise<Inversion | undefined> {
  try {
    const { tensors, metadata } = await openCheckpoint(await fileSource(path));
    if (metadata["key"] !== key) return undefined;
    const about = metadata["about"] ?? "";
    parseJson(about); // with a function JSON.parse goes as deep as brackets do
    const { space, start, layer, psnr } = JSON.parse(about, (_, value) =>
      /^-?Infinity$/.test(value) ? Number(value) : value,
    ) as About;
    const numbers = async (name: string) => Float32Array.from(await tensors.get(name)!.read());
    const inputs = new Map<string, Float32Array<ArrayBuffer>>();
    for (const name of tensors.keys()) {
      if (name.startsWith(INPUT)) inputs.set(name.slice(INPUT.length), await numbers(name));
    }
    return {
      ...{ space, start, inputs, psnr, latent: await numbers("latent"), images: { latent: await numbers("image") } },
      ...(layer !== undefined && { layer, features: await numbers("features") }),
    };
  } catch (error) {
    if (error instanceof GanatomyError || error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
