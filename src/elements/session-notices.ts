import { GanatomyError, UnsupportedError } from "../errors.ts";
import type { Progress } from "../session/session.ts";
import { html } from "./html.ts";

// Tests: test/elements/gan-session.test.ts

export const NOTICES_STYLE = `
[part=progress] { display: flex; align-items: center; gap: 10px; margin-bottom: 8px; color: var(--_soft); font-size: 13px; }
progress { flex: 1 1 80px; max-width: 280px; accent-color: var(--_accent); }
[part=message] { margin: 0 0 8px; padding: 10px 14px; border: 1px solid var(--_line); border-left: 4px solid var(--_accent); border-radius: var(--_radius); background: var(--_paper); }
[part=message] strong { display: block; }
`;

/** Codes of errors with which nothing can be shown at all. */
const WITHOUT_GPU: readonly string[] = ["insecure-context", "no-webgpu", "no-adapter"];

/** What a session has to say: how far it is, and what failed, above or in place of the content. */
export class SessionNotices {
  readonly #progress = html("div", { part: "progress", hidden: true });
  readonly #message = html("div", { part: "message", role: "alert", hidden: true });
  readonly #content = html("slot");
  readonly elements: readonly HTMLElement[] = [this.#progress, this.#message, this.#content];

  progress({ phase, done, total }: Progress): void {
    this.#progress.hidden = false;
    const text = total === undefined ? phase : `${phase} ${Math.floor((100 * done) / Math.max(1, total))} %`;
    this.#progress.replaceChildren(
      html("progress", { "aria-label": "Loading", max: total, value: total === undefined ? undefined : done }),
      html("span", { class: "number" }, text),
    );
  }

  /** There is nothing to wait for. */
  loaded(): void {
    this.#progress.hidden = true;
  }

  /** Nothing fails any more. */
  clear(): void {
    this.#message.hidden = true;
    this.#content.hidden = false;
  }

  failed(cause: unknown): void {
    const { code, message, fix } =
      cause instanceof GanatomyError ? cause : { code: "", message: String(cause), fix: "" };
    const said = [
      html("strong", {}, fix && message.endsWith(fix) ? message.slice(0, -fix.length).trim() : message),
      html("span", {}, [fix, ...adviceFor(code)].join(" ")),
    ];
    const withoutGpu = cause instanceof UnsupportedError && WITHOUT_GPU.includes(code);
    this.#message.replaceChildren(...(withoutGpu ? [html("slot", { name: "fallback" }, ...said)] : said));
    this.#message.hidden = false;
    this.#content.hidden = withoutGpu;
  }
}

/** Pages from the disk may not read files beside them, which the error does not know. */
function adviceFor(code: string): string[] {
  if (location.protocol !== "file:" || code !== "network") return [];
  return [
    "This page was opened from the disk (file://): serve its folder, such as by `npx http-server`, and open that.",
  ];
}
