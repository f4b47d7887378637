import type { EditedImage, LatentsName, Recipe, Stroke } from "./recipe.ts";

/** Called with every event of a kind. */
export type Listener<Event> = (event: Event) => void;

/** Something that is drawn anew when it changes: the newest state, as soon as the GPU can. */
export interface View {
  /** What it shows now, or will as soon as it is drawn. */
  readonly state: ViewState;
  /** Changes some of the state; fire and forget. What cannot be drawn is an "error" event. */
  set(change: ViewOptions): void;
  /** Adds a stroke, or replaces the one of its id; fire and forget, the latest wins. */
  stroke(stroke: Stroke): void;
  /**
   * Shows a recipe: its image, with its strokes.
   * @throws UsageError for a recipe of another generator.
   */
  setRecipe(recipe: Recipe): void;
  /** Its image and strokes as a recipe of what is loaded. */
  recipe(): Recipe;
  /** Calls back after every drawing. */
  on(type: "rendered", listener: Listener<Rendered>): () => void;
  /** Draws no more; the canvas keeps its last picture. */
  dispose(): void;
}

/** What can be told a view: what to show of which image. */
export interface ViewOptions extends EditedImage {
  /** The image ("rgb", unless given), the segmenter's labels, or a unit's activations. */
  readonly view?: "rgb" | "labels" | "unit";
  /** Which unit; needed to see one. */
  readonly unit?: UnitName;
  /**
   * Whether it goes before the session's other views, every other time: for the one that somebody
   * paints on. In turn with them unless given.
   */
  readonly foreground?: boolean;
}

/** What a view shows. */
export interface ViewState extends Required<Omit<ViewOptions, "unit" | "layer" | "latents">> {
  /** The file whose latents the image is made of; undefined for the seed's. */
  readonly latents: LatentsName | undefined;
  /** The layer that strokes edit; undefined where none was named. */
  readonly layer: string | undefined;
  /** The unit that the view "unit" shows; undefined where none was named. */
  readonly unit: UnitName | undefined;
}

/** A unit of the generator. */
export interface UnitName {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Channel of the layer, from 0. */
  readonly unit: number;
}

/** A drawing of a view that is done. */
export interface Rendered {
  /** The last stroke that is in the picture. */
  readonly id?: string;
  /** Milliseconds from the change until the GPU had drawn it. */
  readonly ms: number;
}
