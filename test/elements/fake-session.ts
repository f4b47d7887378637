/** A session without a GPU: what elements see of one, and a record of what they ask it for. */
import { GanatomyError } from "../../src/errors.ts";
import { unpackCells } from "../../src/session/cells.ts";
import { Emitter } from "../../src/session/emitter.ts";
import type { RankedUnit } from "../../src/session/findings.ts";
import type {
  Listener,
  Loaded,
  LoadRequest,
  Pixel,
  PixelOptions,
  RankedConcept,
  RegionFeatures,
  RegionOptions,
  Session,
  SessionEvents,
  Thumbnail,
  ThumbnailOptions,
  UnitsOptions,
  UnloadRequest,
  View,
  ViewOptions,
  ViewState,
} from "../../src/session/session.ts";
import { changedState, FIRST_STATE, SessionView } from "../../src/session/view.ts";

const LABELS: Loaded["labels"] = [
  { name: "-", category: "object", color: [0, 0, 0] },
  { name: "tree", category: "object", color: [0, 137, 65] },
  { name: "sky", category: "object", color: [120, 188, 245] },
  { name: "door", category: "object", color: [110, 60, 20] },
];

/** What unit 0, 1, 2 … of layer4 detect. */
const labelOf = (unit: number): number => unit % 4;
const iouOf = (unit: number): number => (labelOf(unit) === 0 ? 0 : Math.round(1000 / (unit + 2)) / 1000);

const REPORT = {
  labels: LABELS,
  layers: [
    {
      layer: "layer4",
      concepts: [
        { label: 2, units: [2, 6, 10] },
        { label: 1, units: [1, 5] },
      ],
      units: Array.from({ length: 300 }, (_, unit) => ({
        unit,
        label: labelOf(unit),
        interpretable: labelOf(unit) > 0,
        iou: iouOf(unit),
      })),
    },
  ],
} as unknown as NonNullable<Loaded["report"]>;

export const LOADED: Loaded = {
  model: {
    name: "fake",
    architecture: "none",
    height: 48,
    width: 64,
    layers: [
      { name: "w", channels: 8, height: 1, width: 1, vector: true },
      { name: "layer2", channels: 16, height: 3, width: 4 },
      { name: "layer4", channels: 300, height: 6, width: 8 },
    ],
    classes: [],
  },
  segmenter: { name: "fake labels", architecture: "none", channels: 1 },
  labels: LABELS,
  report: REPORT,
  rankings: { layer4: ["unit", "tree-iou", "sky-iou", "door-iou", "tree-iqr"] },
};

/** Canvases that were given to some session. */
const given = new WeakSet<object>();

export class FakeSession implements Session {
  loaded: Loaded | undefined;
  disposed = false;
  /** Views that were made and not yet let go. */
  readonly views = new Set<SessionView>();
  /** What was asked for, in words. */
  readonly asked: string[] = [];
  /** Answers about regions come when this settles. */
  held: Promise<unknown> = Promise.resolve();
  readonly #emitter = new Emitter<SessionEvents>();

  constructor(loaded: Loaded | undefined = LOADED) {
    this.loaded = loaded;
  }

  async load({ generator, report, onProgress }: LoadRequest): Promise<Loaded> {
    this.asked.push(`load ${String(generator)} ${String(report)}`);
    onProgress?.({ phase: "generator", done: 1, total: 1 });
    this.become(LOADED);
    return LOADED;
  }

  async unload({ latents }: UnloadRequest): Promise<Loaded> {
    this.asked.push(`unload ${latents.name}`);
    const rest = this.loaded?.latents?.filter(({ sha256 }) => sha256 !== latents.sha256) ?? [];
    this.become({ ...LOADED, ...(rest.length > 0 && { latents: rest }) });
    return this.loaded!;
  }

  /** Something else is loaded. */
  become(loaded: Loaded): void {
    this.loaded = loaded;
    this.emit("loaded", loaded);
  }

  emit<Type extends keyof SessionEvents>(type: Type, event: SessionEvents[Type]): void {
    this.#emitter.emit(type, event);
  }

  on<Type extends keyof SessionEvents>(type: Type, listener: Listener<SessionEvents[Type]>): () => void {
    return this.#emitter.on(type, listener);
  }

  view(canvas: HTMLCanvasElement | OffscreenCanvas, options: ViewOptions = {}): View {
    if (given.has(canvas)) throw new Error("This canvas belongs to a session already.");
    given.add(canvas);
    let queued = false;
    const draw = (): void => {
      if (queued) return;
      queued = true;
      setTimeout(() => {
        queued = false;
        if (!this.views.has(view)) return;
        paint(canvas as HTMLCanvasElement, view.state);
        view.rendered({ ms: 1 });
      });
    };
    const told = (what: string, change: object): void => {
      this.asked.push(`${what} ${JSON.stringify(change)}`);
      draw();
    };
    const view: SessionView = new SessionView(changedState(FIRST_STATE, options), {
      set: (change) => told("set", change),
      stroke: ({ id, op }) => told("stroke", { id, op }),
      dispose: () => this.views.delete(view),
      loaded: () => this.loaded,
    });
    this.views.add(view);
    this.asked.push("view");
    draw();
    return view;
  }

  async pixel({ signal, ...options }: PixelOptions): Promise<Pixel> {
    const { y, x, layers = [], top = 8 } = options;
    this.asked.push(`pixel ${y} ${x} ${layers.join(" ")}`);
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    return {
      y,
      x,
      labels: [y < 24 ? 2 : 1],
      layers: layers.map((layer) => ({
        layer,
        row: Math.floor(y / 8),
        column: Math.floor(x / 8),
        units: Array.from({ length: top }, (_, at) => ({
          unit: 3 * at + 1,
          value: 8 - at,
          ...(at < 2 && { quantile: 0.99 - at / 10 }),
          ...(at !== 1 && { label: 1 + (at % 3) }),
        })),
      })),
    };
  }

  async units({ layer, concept }: UnitsOptions): Promise<readonly RankedUnit[]> {
    this.asked.push(`units ${layer} ${concept}`);
    const label = LABELS.findIndex(({ name }) => name === concept);
    if (label < 1) throw new GanatomyError("usage", `Nobody knows "${concept}".`, "Try another.");
    const all = Array.from({ length: 300 }, (_, unit) => ({ unit, score: iouOf(unit), label: labelOf(unit) }));
    return all.filter((unit) => unit.label === label);
  }

  async concepts(): Promise<readonly RankedConcept[]> {
    return [];
  }

  async *thumbnails({ layer, units = [], size = 72, signal }: ThumbnailOptions): AsyncGenerator<Thumbnail> {
    this.asked.push(`thumbnails ${units.length}`);
    for (const unit of units) {
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      const height = Math.round((size * 48) / 64);
      const rgba = new Uint8ClampedArray(4 * height * size).fill(255);
      for (let at = 0; at < height * size; at += 1) {
        rgba[4 * at] = (37 * unit) % 256;
        rgba[4 * at + 1] = (255 * (at % size)) / size;
        rgba[4 * at + 2] = (255 * at) / (height * size);
      }
      yield { layer, unit, image: unit, height, width: size, rgba };
    }
  }

  async region({ mask, layers, image = 0 }: RegionOptions): Promise<RegionFeatures> {
    this.asked.push(`region ${image} ${JSON.stringify(mask)} ${layers}`);
    await this.held;
    return { layers: [{ layer: layers[0]!, mean: Float32Array.of(1 / 3, 2), max: Float32Array.of(4, 5) }] };
  }
  levels = (): never => this.#no();
  topImages = (): never => this.#no();
  dissect = (): never => this.#no();
  effect = (): never => this.#no();
  picture = (): never => this.#no();

  #no(): never {
    throw new Error("Nobody asks a fake for this.");
  }

  dispose(): void {
    this.disposed = true;
    this.views.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A landscape of the seed and image, with what strokes cover. */
function paint(canvas: HTMLCanvasElement, { seed, image, view, unit, strokes }: ViewState): void {
  const { height, width } = LOADED.model!;
  canvas.height = height;
  canvas.width = width;
  const context = canvas.getContext("2d")!;
  const hue = (47 * image + 90 * seed) % 360;
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, `hsl(${hue} 60% 75%)`);
  sky.addColorStop(1, `hsl(${hue + 60} 45% 45%)`);
  context.fillStyle = view === "labels" ? "rgb(120 188 245)" : view === "unit" ? "#222" : sky;
  context.fillRect(0, 0, width, height);
  if (view === "labels") context.fillStyle = "rgb(0 137 65)";
  if (view === "unit") context.fillStyle = "#fff";
  context.fillRect(8 * ((unit?.unit ?? image) % 6), 20, 16, 20);
  for (const { op, mask, hidden, alpha = 1 } of strokes) {
    if (!mask || hidden) continue;
    const [rows, columns] = mask.size;
    const cells = unpackCells(mask);
    context.fillStyle = op === "draw" ? `rgb(0 110 40 / ${alpha})` : `rgb(230 220 200 / ${alpha})`;
    cells.forEach((on, at) => {
      if (!on) return;
      const [row, column] = [Math.floor(at / columns), at % columns];
      context.fillRect((column * width) / columns, (row * height) / rows, width / columns, height / rows);
    });
  }
}
