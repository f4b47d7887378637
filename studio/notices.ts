import { html } from "../src/elements/html.ts";
import { GanatomyError } from "../src/errors.ts";
import { part } from "./page.ts";

/** Something that can be done about it. */
interface Remedy {
  readonly text: string;
  act(): void;
}

/** Whether it failed because the GPU went away, which is said once, for all that was under way. */
export const isLost = (cause: unknown): boolean => cause instanceof GanatomyError && cause.code === "device-lost";

/** Says what went wrong and what helps, until somebody has read it. */
export function complain(cause: unknown): void {
  const { message, fix } = cause instanceof GanatomyError ? cause : { message: String(cause), fix: "" };
  const said = fix && message.endsWith(fix) ? message.slice(0, -fix.length).trim() : message;
  tell(said, fix);
}

/** Says something that is to be read, until somebody has; returns what is said. */
export function tell(what: string, more = "", ...remedies: Remedy[]): HTMLElement {
  const notices = part("notices");
  const said = [...notices.children].find((notice) => notice.firstElementChild?.textContent === what);
  if (said) return said as HTMLElement;
  const close = (): void => notice.remove();
  const button = (text: string, onclick: () => void) => html("button", { type: "button", onclick }, text);
  const notice = html(
    "div",
    { class: "notice" },
    html("strong", {}, what),
    ...(more ? [html("span", {}, more)] : []),
    html(
      "div",
      { class: "row" },
      ...remedies.map(({ text, act }) =>
        button(text, () => {
          close();
          act();
        }),
      ),
      button("Dismiss", close),
    ),
  );
  notices.append(notice);
  return notice;
}
