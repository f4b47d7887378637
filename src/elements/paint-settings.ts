import type { Units } from "../session/recipe.ts";
import { isSet, listed, numberOf, reflect, textOf, wholeOf, wholesOf, wordOf } from "./attributes.ts";
import type { Brush } from "./brush.ts";
import type { Features, Summary } from "./features.ts";
import { SessionChild } from "./session-child.ts";

// Tests: test/elements/gan-paint.test.ts

/** Radii of brushes, in cells. */
const MAX_RADIUS = 32;

/** Units of a concept: GANPaint's "medium". */
const TOP = 10;

/**
 * What is painted on, and with what: the attributes of `gan-paint`.
 *
 * @attr name - Its name in a form.
 * @attr seed - Seed of z; 1 unless given.
 * @attr image - Which of the seed's images; 0 unless given.
 * @attr layer - The layer that is edited; a dissected one unless given.
 * @attr concept - What is painted, by its label's name: the first `top` units of its ranking.
 * @attr top - How many units of the concept; 10 unless given.
 * @attr units - Numbers of the units that are painted with, in place of a concept's.
 * @attr op - "draw", "remove", or "copy": the first stroke says what is copied, those after it
 *   where it goes.
 * @attr copies - What is copied of a place: its units' "mean" there, or their "max".
 * @attr radius - Of the brush, in cells of the layer; 1 unless given.
 * @attr strength - How much of each unit is replaced, 0…1; 1 unless given.
 * @attr value-quantile - The quantile of each unit that is drawn with, 0…1; 0.99 unless given.
 * @attr heat - A unit, as "layer4/24": the image is dimmed where it is not active.
 * @attr live - The image changes while the pointer moves, not only when it is lifted.
 * @attr inspect - Pointers and keys say what they are at, and paint nothing: what a finger has in
 *   place of hovering.
 * @attr disabled - Nobody can paint.
 * @attr alt - What the image shows, for those who do not see it.
 */
export abstract class PaintSettings extends SessionChild {
  static readonly observedAttributes = [
    ...["session", "seed", "image", "layer", "concept", "top", "units", "op", "radius", "strength", "value-quantile"],
    ...["copies", "heat", "live", "inspect", "disabled", "alt"],
  ];

  #features: Features | undefined;

  /** Its name in a form. */
  get name(): string {
    return this.getAttribute("name") ?? "";
  }
  set name(value: string | null | undefined) {
    reflect(this, "name", value);
  }

  /** Seed of z. */
  get seed(): number {
    return this.read("seed", (own, name) => wholeOf(own, name, 1));
  }
  set seed(value: number | null | undefined) {
    reflect(this, "seed", value);
  }

  /** Which of the seed's images. */
  get image(): number {
    return this.read("image", (own, name) => wholeOf(own, name, 0));
  }
  set image(value: number | null | undefined) {
    reflect(this, "image", value);
  }

  /** The layer that is edited; empty for a dissected one. */
  get layer(): string {
    return this.read("layer", textOf);
  }
  set layer(value: string | null | undefined) {
    reflect(this, "layer", value || undefined);
  }

  /** What is painted, by its label's name. */
  get concept(): string {
    return this.read("concept", textOf);
  }
  set concept(value: string | null | undefined) {
    reflect(this, "concept", value || undefined);
  }

  /** How many units of the concept. */
  get top(): number {
    return this.read("top", (own, name) => Math.max(1, wholeOf(own, name, TOP, 8192)));
  }
  set top(value: number | null | undefined) {
    reflect(this, "top", value);
  }

  /** Numbers of the units that are painted with, in place of a concept's. */
  get units(): number[] {
    return [...this.read("units", wholesOf)];
  }
  set units(value: string | readonly number[] | null | undefined) {
    reflect(this, "units", listed(value));
  }

  /** Whether it draws, removes, or copies. */
  get op(): Brush["op"] {
    return this.read("op", (own, name) => wordOf(own, name, ["draw", "remove", "copy"]));
  }
  set op(value: Brush["op"] | null | undefined) {
    reflect(this, "op", value);
  }

  /** What is copied of a place that strokes choose. */
  get copies(): Summary {
    return wordOf(this, "copies", ["mean", "max"]);
  }
  set copies(value: Summary | null | undefined) {
    reflect(this, "copies", value);
  }

  /**
   * What strokes copy, of any image: set by a stroke that chooses it, or here; undefined for what
   * the next stroke chooses.
   */
  get features(): Features | undefined {
    return this.#features;
  }
  set features(features: Features | null | undefined) {
    this.#features = features ?? undefined;
    this.changed("features");
  }

  /** Of the brush, in cells of the layer. */
  get radius(): number {
    return this.read("radius", (own, name) => numberOf(own, name, 1, { most: MAX_RADIUS }));
  }
  set radius(value: number | null | undefined) {
    reflect(this, "radius", value);
  }

  /** How much of each unit is replaced, 0…1. */
  get strength(): number {
    return this.read("strength", (own, name) => numberOf(own, name, 1, { most: 1 }));
  }
  set strength(value: number | null | undefined) {
    reflect(this, "strength", value);
  }

  /** The quantile of each unit that is drawn with, 0…1. */
  get valueQuantile(): number {
    return this.read("value-quantile", (own, name) => numberOf(own, name, 0.99, { most: 1 }));
  }
  set valueQuantile(value: number | null | undefined) {
    reflect(this, "value-quantile", value);
  }

  /** The unit without which the image is dimmed, as "layer4/24"; empty for none. */
  get heat(): string {
    return this.read("heat", textOf);
  }
  set heat(value: string | null | undefined) {
    reflect(this, "heat", value || undefined);
  }

  /** Whether the image changes while the pointer moves. */
  get live(): boolean {
    return this.read("live", isSet);
  }
  set live(value: boolean | null | undefined) {
    reflect(this, "live", value);
  }

  /** Whether pointers and keys only say what they are at. */
  get inspect(): boolean {
    return this.read("inspect", isSet);
  }
  set inspect(value: boolean | null | undefined) {
    reflect(this, "inspect", value);
  }

  /** Whether nobody can paint. */
  get disabled(): boolean {
    return this.read("disabled", isSet);
  }
  set disabled(value: boolean | null | undefined) {
    reflect(this, "disabled", value);
  }

  /** What the image shows, for those who do not see it. */
  get alt(): string {
    return this.read("alt", textOf);
  }
  set alt(value: string | null | undefined) {
    reflect(this, "alt", value);
  }

  /** A radius that differs by so much, as far as radii go. */
  protected wider(by: number): number {
    return Math.min(MAX_RADIUS, Math.max(0, this.radius + by));
  }

  /** The brush that these make on a layer; undefined while they name no units. */
  protected brush(op: Brush["op"] | "pick", layer: string | undefined): Brush | undefined {
    const { concept, top, units: numbers } = this;
    const how = { alpha: this.strength, quantile: this.valueQuantile, radius: this.radius };
    if (op === "copy" || op === "pick") {
      const values = op === "copy" && this.features?.layer === layer ? this.features?.values : undefined;
      return { op: "copy", units: "all", ...how, ...(values && { values }) };
    }
    const units: Units | undefined = numbers.length > 0 ? numbers : concept ? { concept, top } : undefined;
    return units && { op, units, ...how };
  }
}
