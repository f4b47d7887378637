import { html } from "../src/elements/html.ts";

/** A dialog of the page. */
export function dialog(title: string, content: readonly Node[]): { readonly open: () => void } {
  const id = `dialog-${title.toLowerCase().replaceAll(" ", "-")}`;
  const close = html("button", { type: "button", class: "quiet", "aria-label": "Close" }, "✕");
  const element = html(
    "dialog",
    { "aria-labelledby": id },
    html("div", { class: "head" }, html("h2", { id }, title), close),
    ...content,
  );
  close.addEventListener("click", () => element.close());
  // A press beside it closes it.
  element.addEventListener("pointerdown", ({ target }) => target === element && element.close());
  document.body.append(element);
  return { open: () => element.showModal() };
}
