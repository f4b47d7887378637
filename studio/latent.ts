import { html } from "../src/elements/html.ts";
import type { Toward } from "../src/session/index.ts";
import { part } from "./page.ts";
import { type Slider, slider } from "./slider.ts";

/** Where an axis of the pad leads to. */
type Target = Omit<Toward, "share">;
type Pair<T> = readonly [right: T, up: T];

/** So near to its middle, in shares, the knob is in it: nobody meets a pixel. */
const MIDDLE = 0.04;
const RANGE = { min: -1, max: 1, step: 0.01 };
/** Seeds of other directions. */
const SEEDS = 10_000;
const NAMES: Pair<string> = ["Right", "Up"];
const HINT = "Drag the dot: the picture's latent moves toward those at the edges, or away from them.";

const percent = (share: number): string => `${Math.round(100 * share)} %`.replace("-", "−");
const clamped = (share: number): number => Math.min(1, Math.max(-1, share));

/** A pad that moves the picture's latent toward those of two other pictures, or away from them. */
export function showLatent(): { readonly element: HTMLElement; seen(seen: boolean): void } {
  const paint = part("paint");
  const knob = html("span", { class: "knob" });
  const thumbs = NAMES.map((name) =>
    html("gan-image", { class: `thumb ${name.toLowerCase()}`, unedited: true, "aria-hidden": "true" }),
  );
  const pad = html("div", { class: "pad", "aria-hidden": "true" }, knob);
  const sliders = NAMES.map((_, axis) => {
    const shown = (share: number): string => percent(share);
    const spec: Slider = { text: "", range: RANGE, shown };
    return slider(
      spec,
      (share) => move(withAt(shares(), axis, share), false),
      () => end(),
    );
  });
  const fields = NAMES.map((name, axis) => fieldsOf(name, (target) => aim(axis, target)));
  const back = html("button", { type: "button", onclick: () => go([]) }, "Back to picture");
  const others = html("button", { type: "button", onclick: () => turn() }, "Other directions");

  const hint = html("p", { class: "hint" });
  const controls: readonly HTMLElement[] = [
    pad,
    ...sliders.flatMap(({ element }, axis) => [element, fields[axis]!.element]),
    html("div", { class: "row" }, back, others),
  ];

  /** Where the axes lead while the latent is where it was drawn. */
  let directions: Pair<Target> | undefined;
  /** Whether somebody's hand is on the way. */
  let moving = false;

  const targets = (): Pair<Target> => {
    const { seed, image, toward } = paint;
    const next = (by: number): Target => ({ seed, image: image + by });
    const [right = next(1), up = next(2)] = directions ?? [];
    return [toward[0] ?? right, toward[1] ?? up];
  };
  const shares = (): Pair<number> => [paint.toward[0]?.share ?? 0, paint.toward[1]?.share ?? 0];
  const towardOf = (to: Pair<Target>, [right, up]: Pair<number>): readonly Toward[] =>
    right === 0 && up === 0
      ? []
      : [right, up].map((share, axis) => ({ seed: to[axis]!.seed, image: to[axis]!.image, share }));

  function move(to: Pair<number>, last: boolean): void {
    directions = targets();
    const toward = towardOf(directions, to);
    paint.move(toward, { amends: moving, last });
    moving = !last;
    show();
  }
  function end(): void {
    if (moving) move(shares(), true);
  }
  function go(toward: readonly Toward[]): void {
    directions = targets();
    if (JSON.stringify(toward) !== JSON.stringify(paint.toward)) paint.move(toward);
    show();
  }
  /** Leads an axis elsewhere. */
  function aim(axis: number, target: Target): void {
    const to = withAt(targets(), axis, target);
    const toward = towardOf(to, shares());
    if (toward.length > 0) paint.move(toward);
    directions = to;
    show();
  }
  function turn(): void {
    const random = (): Target => ({ seed: 1 + Math.floor(Math.random() * SEEDS), image: 0 });
    go([]);
    directions = [random(), random()];
    show();
  }

  function show(): void {
    const [to, [right, up]] = [targets(), shares()];
    knob.style.setProperty("--x", `${right}`);
    knob.style.setProperty("--y", `${-up}`);
    for (const [axis, { seed, image }] of to.entries()) {
      Object.assign(thumbs[axis]!, { seed, image });
      sliders[axis]!.show([right, up][axis]!);
      const of = seed === paint.seed ? "" : ` of seed ${seed}`;
      sliders[axis]!.rename(`${NAMES[axis]}: toward picture ${image}${of}`);
      fields[axis]!.show({ seed, image });
    }
    back.disabled = paint.toward.length === 0;
    const { loaded } = part("session").session ?? {};
    const own = loaded?.latents?.find(({ sha256 }) => sha256 === paint.latents?.sha256);
    const isFixed = own?.layer !== undefined;
    hint.textContent = isFixed ? `${own.name} is features of ${own.layer}, which have no z to be moved.` : HINT;
    for (const control of controls) control.hidden = isFixed;
  }

  const at = (event: PointerEvent): Pair<number> => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    const share = (part: number): number => {
      const exact = clamped(2 * part - 1);
      return Math.abs(exact) < MIDDLE ? 0 : Math.round(100 * exact) / 100;
    };
    return [share((event.clientX - left) / width), -share((event.clientY - top) / height) || 0];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || moving || paint.locked) return;
    pad.setPointerCapture(event.pointerId);
    move(at(event), false);
  });
  pad.addEventListener("pointermove", (event) => {
    if (moving && pad.hasPointerCapture(event.pointerId)) move(at(event), false);
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) pad.addEventListener(type, end);
  let drawn: unknown;
  paint.watch(() => {
    const { seed, image } = paint;
    const key = `${seed}/${image}`;
    // Neighbours of another picture are others, unless somebody has chosen them.
    if (drawn !== key && paint.toward.length === 0) directions = undefined;
    drawn = key;
    show();
  }, show);
  show();
  const element = html("div", { class: "latent" }, hint, ...controls);
  return {
    element,
    // Nobody waits for pictures that nobody sees.
    seen(seen): void {
      if (seen) knob.before(...thumbs);
      else for (const thumb of thumbs) thumb.remove();
    },
  };
}

const withAt = <T>([right, up]: Pair<T>, axis: number, value: T): Pair<T> =>
  axis === 0 ? [value, up] : [right, value];

/** Numbers of the picture that an axis leads to. */
function fieldsOf(name: string, set: (target: Target) => void) {
  const number = (text: string, max: number) => {
    const input = html("input", { type: "number", min: 0, max, required: true, "aria-label": `${name}: ${text}` });
    input.addEventListener("change", () => {
      if (input.reportValidity()) set({ seed: seed.input.valueAsNumber, image: image.input.valueAsNumber });
    });
    return { input, element: html("label", { class: "field" }, text, input) };
  };
  const [seed, image] = [number("seed", 2 ** 32 - 1), number("picture", 99_999)];
  return {
    element: html("div", { class: "row target" }, seed.element, image.element),
    show(target: Target): void {
      for (const [{ input }, value] of [
        [seed, target.seed],
        [image, target.image],
      ] as const) {
        if (document.activeElement !== input) input.value = `${value}`;
      }
    },
  };
}
