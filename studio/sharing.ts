import { html } from "../src/elements/html.ts";
import { MAX_LINK, type MaskFile, packRecipe, recipeCommands, wholeCommand } from "../src/session/index.ts";
import { SIGN } from "./address.ts";
import { dialog } from "./dialog.ts";
import { complain } from "./notices.ts";
import { part } from "./page.ts";

/** What is made of the picture for elsewhere: a link, files, and lines for the command line. */
export function showSharing(): void {
  const paint = part("paint");
  const link = html("input", { id: "link", readonly: true, "aria-label": "Link" });
  const linkRow = html(
    "div",
    { class: "row" },
    link,
    copyButton("Copy link", () => link.value),
  );
  const about = html("p", { class: "soft" });
  const commands = html("textarea", {
    id: "commands",
    readonly: true,
    rows: 6,
    spellcheck: "false",
    "aria-label": "Commands",
  });
  const masks = html("button", { type: "button", onclick: () => void saveMasks() }, "Save masks");
  const lines = html(
    "section",
    {},
    html("h3", {}, "On the command line"),
    commands,
    html(
      "div",
      { class: "row" },
      copyButton("Copy commands", () => commands.value),
      masks,
    ),
  );
  let maskFiles: readonly MaskFile[] = [];

  const { open } = dialog("Share", [
    html("section", {}, html("h3", {}, "Link"), about, linkRow),
    html(
      "section",
      {},
      html("h3", {}, "Files"),
      html(
        "div",
        { class: "row" },
        html("button", { type: "button", onclick: () => void savePicture() }, "Save picture"),
        html("button", { type: "button", onclick: () => saveRecipe() }, "Save recipe"),
      ),
    ),
    lines,
  ]);

  async function show(): Promise<void> {
    const { recipe } = paint;
    const model = part("session").session?.loaded?.model;
    if (!recipe || !model) return;
    const { latents } = recipe;
    const packed = await packRecipe(recipe);
    const fits = packed.length <= MAX_LINK;
    linkRow.hidden = !fits;
    link.value = fits ? `${location.href.split("#")[0]}${SIGN}${packed}` : "";
    about.textContent = fits
      ? latents
        ? `The link says what was done to ${latents.name}, and cannot hold that file. Send it along: whoever opens the link is asked for it.`
        : "Whoever opens it has this picture with these strokes, and can go on."
      : "There are too many strokes for a link that mails and chats leave whole. Save the recipe, and send the file: it opens by drop.";
    const { text, masks: files } = recipeCommands(recipe, model);
    const whole = wholeCommand(recipe, `${nameOf()}.json`);
    const each = text === "" ? [] : ["", "# each stroke by itself, and what it does:", text];
    commands.value = ["# the whole picture, from the recipe that is saved above:", whole, ...each].join("\n");
    maskFiles = files;
    masks.hidden = files.length === 0;
    open();
  }
  async function savePicture(): Promise<void> {
    try {
      const { edited } = paint;
      const { data } = await part("session").session!.picture({ ...edited, type: "png" });
      save(new Blob([data], { type: "image/png" }), `${nameOf()}.png`);
    } catch (error) {
      complain(error);
    }
  }
  function saveRecipe(): void {
    save(new Blob([`${JSON.stringify(paint.recipe, null, 2)}\n`], { type: "application/json" }), `${nameOf()}.json`);
  }
  async function saveMasks(): Promise<void> {
    for (const { name, height, width, data } of maskFiles) {
      const canvas = new OffscreenCanvas(width, height);
      const rgba = new Uint8ClampedArray(data.length * 4).map((_, at) => (at % 4 === 3 ? 255 : data[at >> 2]!));
      canvas.getContext("2d")!.putImageData(new ImageData(rgba, width, height), 0, 0);
      save(await canvas.convertToBlob({ type: "image/png" }), name);
    }
  }
  const nameOf = (): string => {
    const { name } = part("session").session?.loaded?.model ?? {};
    const of = paint.latents ? [paint.latents.name.replace(/\.\w+$/, "")] : ["seed", paint.seed];
    return [name, ...of, "picture", paint.image].join("-");
  };
  part("share").addEventListener("click", () => show().catch(complain));
}

function save(blob: Blob, download: string): void {
  const href = URL.createObjectURL(blob);
  html("a", { href, download }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // saving may ask first
}

function copyButton(text: string, what: () => string): HTMLButtonElement {
  const button = html("button", { type: "button" }, text);
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(what()).then(
      () => {
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = text;
        }, 1500);
      },
      () => complain("The browser did not let the page copy. Select the text, and copy it by hand."),
    );
  });
  return button;
}
