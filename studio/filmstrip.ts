import { html } from "../src/elements/html.ts";
import type { GanImage } from "../src/elements/index.ts";
import type { LoadedLatents } from "../src/session/index.ts";
import { setLayer } from "./bar.ts";
import { forgetPicture, ownPictures, reaches } from "./own.ts";
import { framed, part } from "./page.ts";

/** Pictures of a seed that are seen at once, and at most of a file of one's own. */
const PICTURES = 16;

/** A picture to choose. */
interface Shown {
  readonly image: number;
  /** The file that it is of; undefined for the seed. */
  readonly own: LoadedLatents | undefined;
  readonly button: HTMLButtonElement;
}

/**
 * The pictures of the seed, to choose from, after those of one's own; with the strokes on all of
 * them if that is wished.
 */
export function showStrip(): void {
  const [paint, strip, all, session, forget] = [
    part("paint"),
    part("strip"),
    part("all"),
    part("session"),
    part("forget"),
  ];
  const ofSeed = Array.from({ length: PICTURES }, (_, image) => frameOf(image, undefined, choose));
  let ofOwn: Shown[] = [];
  strip.append(...ofSeed.map(({ button }) => button));

  function choose({ image, own }: Shown): void {
    const { loaded } = session.session ?? {};
    if (loaded && own && !reaches(loaded, own, paint.edited.layer)) setLayer(own.layer!);
    // It is shown as it is in the strip.
    if (!all.checked || own?.layer !== undefined) paint.toward = undefined;
    Object.assign(paint, { latents: own, image });
  }
  /**
   * Whether it is shown with the strokes: if that is wished, where they are on a layer that it has.
   */
  const isEdited = (own: LoadedLatents | undefined): boolean => {
    const { loaded } = session.session ?? {};
    return all.checked && (!loaded || reaches(loaded, own, paint.edited.layer));
  };
  const fill = ({ image, own, button }: Shown): void => {
    const picture = html("gan-image", { for: "paint", image, unedited: !isEdited(own), "aria-hidden": "true" });
    if (own) picture.latents = own;
    button.append(picture);
  };
  // Sixteen more pictures would only make the first one later.
  let filled = false;
  paint.addEventListener(
    "gan-rendered",
    async () => {
      await framed();
      filled = true;
      for (const shown of [...ofOwn, ...ofSeed]) fill(shown);
      follow();
    },
    { once: true },
  );
  let moved: unknown;
  /** Where the latent goes, all go if that is wished, that are no features. */
  const follow = (): void => {
    const toward = all.checked ? paint.toward : undefined;
    if (toward === moved) return;
    moved = toward;
    for (const { own, button } of [...ofOwn, ...ofSeed]) {
      if (own?.layer === undefined) imageOf(button, (image) => Object.assign(image, { toward }));
    }
  };
  const edit = (): void => {
    for (const { own, button } of [...ofOwn, ...ofSeed]) {
      imageOf(button, (image) => Object.assign(image, { unedited: !isEdited(own) }));
    }
    follow();
  };
  all.addEventListener("change", edit);
  let edited: unknown;
  const mark = (): void => {
    const { image, latents } = paint;
    for (const shown of [...ofOwn, ...ofSeed]) {
      const isShown = shown.image === image && shown.own?.sha256 === latents?.sha256;
      if (`${isShown}` !== shown.button.getAttribute("aria-pressed"))
        shown.button.setAttribute("aria-pressed", `${isShown}`);
    }
    forget.hidden = !latents;
    if (edited !== paint.edited.layer && ofOwn.length > 0) edit();
    edited = paint.edited.layer;
  };
  /** What of one's own there is now. */
  const list = (): void => {
    const known = ownPictures(session.session?.loaded);
    const hashes = (all: readonly LoadedLatents[]): string => all.map(({ sha256 }) => sha256).join();
    const same = hashes(known) === hashes([...new Set(ofOwn.map(({ own }) => own!))]);
    if (same) return;
    for (const { button } of ofOwn) button.remove();
    ofOwn = known.flatMap((own) =>
      Array.from({ length: Math.min(own.size, PICTURES) }, (_, image) => frameOf(image, own, choose)),
    );
    strip.prepend(...ofOwn.map(({ button }) => button));
    if (filled) for (const shown of ofOwn) fill(shown);
    mark();
  };
  forget.addEventListener("click", () => {
    forgetPicture();
    list();
  });
  paint.watch(mark);
  paint.watch(follow, follow);
  session.watch(list);
  list();
  mark();
}

/** The picture in a frame, once there is one. */
function imageOf(button: HTMLElement, use: (image: GanImage) => void): void {
  const image = button.querySelector("gan-image");
  if (image) use(image);
}

function frameOf(image: number, own: LoadedLatents | undefined, choose: (shown: Shown) => void): Shown {
  const of = own && (own.size === 1 ? own.name : `${image} of ${own.name}`);
  const name = `Picture ${of ?? image}`;
  const button = html("button", {
    ...{ type: "button", class: own ? "frame own" : "frame", "aria-label": name },
    ...(own && { title: name }),
    onclick: () => choose(shown),
  });
  const shown = { image, own, button };
  return shown;
}
