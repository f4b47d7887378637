import { unitQuantiles } from "../dissect/measure-quantiles.ts";
import { openQuantiles } from "../dissect/open-quantiles.ts";
import type { QuantileTable } from "../dissect/quantile-table.ts";
import { UsageError, WeightsError } from "../errors.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { DissectJson, DissectLayer, DissectUnit } from "../report/gandissect.ts";
import { safeFolder } from "../report/gandissect.ts";
import type { ImageEncoder } from "../report/image.ts";
import { adoptingSession } from "../session/in-process.ts";
import type { Session } from "../session/session.ts";
import { memorySource } from "../weights/bytes.ts";
import { findingsOf } from "./findings.ts";
import type { Limits } from "./limits.ts";
import { type Devices, Networks } from "./networks.ts";
import { Renderer } from "./renderer.ts";

// Tests: test/server/handler.test.ts

/** The files of a folder. */
export interface Files {
  /** The file at this path of names joined by "/", none of them ".."; undefined where none is. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** What of a `dissect.json` is needed. */
export type Dissected = Pick<DissectJson, "layers"> & Partial<Pick<DissectJson, "settings">>;

/** A generator, and what is known of it. */
export interface Project {
  /** In addresses: letters, digits and "._-", which is no dot alone. */
  readonly name: string;
  /** Computes its images and features; it stays its owner's. */
  readonly generator: Generator;
  /** The parsed `dissect.json` of `ganatomy dissect` or of gandissect. */
  readonly dissection?: Dissected;
  /** The folder of the report: pictures of units, `quantiles.npz`, pages. */
  readonly files?: Files;
  /** The longer edge of pictures, 256 unless given: GANPaint draws them as large as they are. */
  readonly imageSize?: number;
  /** What names the things in images, for dissections on demand. */
  readonly segmenter?: Segmenter;
}

const NAMES: NamesOf<Project> = {
  name: "needed",
  generator: "needed",
  dissection: true,
  files: true,
  imageSize: true,
  segmenter: true,
};

const IMAGE_SIZE = 256;
/** Images that quantiles are measured on where the folder has none. */
const QUANTILE_IMAGES = 200;

/** A project as the handler serves it. */
export class ServedProject {
  readonly name: string;
  readonly renderer: Renderer;
  readonly files: Files;
  readonly imageSize: number;
  /** Layers that clients are offered: those that were dissected, or else all. */
  readonly layers: readonly LayerInfo[];
  readonly dissection: Dissected | undefined;
  readonly #networks: Networks;
  readonly #tables = new Map<string, QuantileTable | Promise<QuantileTable>>();
  #session: { readonly of: Generator; readonly opened: Promise<Session> } | undefined;

  /** @throws UsageError for a name that cannot be in an address, and for a size that is none. */
  constructor(project: Project, limits: Limits, devices: Devices) {
    checkNames("A project", project, NAMES);
    const { name, generator, dissection, files, imageSize = IMAGE_SIZE, segmenter } = project;
    if (!/^(?!\.+$)[\p{L}\p{N}._-]+$/u.test(name)) {
      throw new UsageError(`A project cannot be called "${name}".`, 'Use letters, digits and "._-".');
    }
    if (!Number.isInteger(imageSize) || imageSize < 1 || imageSize > limits.maskEdge) {
      throw new UsageError(`Pictures of ${imageSize} pixels make no sense.`, `Use 1…${limits.maskEdge}.`);
    }
    this.name = name;
    this.dissection = dissection;
    this.files = files ?? { read: async () => undefined };
    this.imageSize = imageSize;
    this.#networks = new Networks(generator, segmenter, devices);
    this.renderer = new Renderer(this.#networks, limits.queue);
    const dissected = new Set(dissection?.layers.map(({ layer }) => layer));
    const offered = generator.hiddenLayers.filter((layer) => dissected.has(layer.name));
    this.layers = offered.length > 0 ? offered : generator.hiddenLayers;
  }

  /** Another one of the same kind after its device was lost. */
  get generator(): Generator {
    return this.#networks.generator;
  }

  get segmenter(): Segmenter | undefined {
    return this.#networks.segmenter;
  }

  /** What was dissected of a layer. */
  dissected(layer: string): DissectLayer | undefined {
    return this.dissection?.layers.find((each) => each.layer === layer);
  }

  /** The concept of each unit of a layer, as far as it was dissected. */
  labels(layer: string): readonly (string | null)[] {
    return this.dissected(layer)?.units.map(labelOf) ?? [];
  }

  /** The folder of a layer within the project's. */
  folder(layer: string): string {
    return this.dissected(layer)?.dirname ?? safeFolder(layer);
  }

  /**
   * The session of all who `connect` to this project: made when the first does, and anew where the
   * networks are on another device.
   */
  session(encoder: ImageEncoder): Promise<Session> {
    if (this.#session?.of !== this.generator) {
      this.#closeSession();
      const session = { of: this.generator, opened: this.#open(encoder) };
      this.#session = session;
      session.opened.catch(() => {
        if (this.#session === session) this.#session = undefined; // the next one tries again
      });
    }
    return this.#session!.opened;
  }

  #closeSession(): void {
    this.#session?.opened.then(
      (session) => session.dispose(),
      () => {},
    );
    this.#session = undefined;
  }

  async #open(encoder: ImageEncoder): Promise<Session> {
    const { generator, segmenter } = this;
    const quantiles = (layer: string): Promise<QuantileTable> => this.#table(layer);
    return adoptingSession({ generator, segmenter, findings: await findingsOf(this), quantiles }, { encoder });
  }

  /** A layer's quantiles: the folder's, or measured the first time that somebody asks. */
  async quantiles({ name }: LayerInfo): Promise<QuantileTable> {
    const known = this.#tables.get(name);
    return known && !(known instanceof Promise) ? known : this.renderer.turn(() => this.#table(name));
  }

  /** For whoever has the turn: nothing that is waited for here waits for one. */
  async #table(name: string): Promise<QuantileTable> {
    const table = this.#tables.get(name) ?? this.#readOrMeasure(name);
    this.#tables.set(name, table);
    try {
      const found = await table;
      this.#tables.set(name, found);
      return found;
    } catch (error) {
      this.#tables.delete(name); // the next one tries again
      throw error;
    }
  }

  async #readOrMeasure(layer: string): Promise<QuantileTable> {
    const file = await this.files.read(`${this.folder(layer)}/quantiles.npz`);
    const { channels } = this.generator.layer(layer);
    if (!file) {
      return unitQuantiles(this.generator, { layer, size: QUANTILE_IMAGES });
    }
    // Of its own type: a Buffer's slices are no copies.
    const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    const table = await openQuantiles(memorySource(bytes, `${layer}/quantiles.npz`));
    if (table.units === channels) return table;
    const what = `quantiles.npz of ${this.name} has ${table.units} units, and ${layer} has ${channels}.`;
    throw new WeightsError("weights-shape", what, "It is of another model: remove it, or name the right one.");
  }

  dispose(): void {
    this.renderer.dispose();
    this.#networks.dispose();
    this.#closeSession();
  }
}

/** The concept that a unit was found to detect. */
export const labelOf = ({ iou_label }: DissectUnit): string | null => iou_label ?? null;
