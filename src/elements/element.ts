import { GanatomyError, KernelError } from "../errors.ts";
import { STYLE } from "./style.ts";

// Tests: test/elements/elements.test.ts

/** `HTMLElement`, and outside of pages, where nobody makes one, anything that can be extended. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** What an element of the page is told of an error that no call waits for. */
export interface ErrorDetail {
  /** What was thrown. */
  readonly error: GanatomyError;
  /** What a program can branch on; see `GanatomyError`. */
  readonly code: GanatomyError["code"];
  /** The cause, and what to do about it. */
  readonly message: string;
  /** What can be done about it, alone. */
  readonly fix: string;
}

const sheets = new Map<string, CSSStyleSheet>();

/** Style sheets are made once, and not as `<style>`, which strict pages refuse. */
function sheetOf(css: string): CSSStyleSheet {
  const known = sheets.get(css);
  if (known) return known;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  sheets.set(css, sheet);
  return sheet;
}

/**
 * What all elements have in common: a shadow root with the house's style; a beginning and an end
 * that moving within the document does not count as; properties that were set too early; errors.
 */
export abstract class GanElement extends Base {
  #begun = false;
  /** What attributes say, as long as they are what they were. */
  readonly #read = new Map<string, unknown>();

  constructor(style: string, options: Partial<ShadowRootInit> = {}) {
    super();
    const root = this.attachShadow({ mode: "open", ...options });
    root.adoptedStyleSheets = [sheetOf(STYLE), sheetOf(style)];
    // What its own controls say as they are moved is not what the element says.
    root.addEventListener("input", (event) => {
      const [from] = event.composedPath();
      if ((from as Node).getRootNode() === root) event.stopPropagation();
    });
  }

  /** Its own tree. */
  protected get root(): ShadowRoot {
    return this.shadowRoot!;
  }

  /** Whether it is in a document, or was so a moment ago. */
  protected get begun(): boolean {
    return this.#begun;
  }

  /** The browser's: it came into a document, or to another place of it. */
  connectedCallback(): void {
    takeEarlyProperties(this);
    if (!this.#begun) {
      this.#begun = true;
      this.begin();
    } else this.moved();
  }

  /** The browser's: it left a document, perhaps for another place of it. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (this.isConnected || !this.#begun) return;
      this.#begun = false;
      this.end();
    });
  }

  /** The browser's: an observed attribute was set or removed. */
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    this.#read.delete(name);
    this.changed(name);
  }

  /**
   * What one of the observed attributes says: it is read once, and then only when it has changed,
   * as some are asked for whenever a pointer moves.
   */
  protected read<T>(name: string, parse: (element: this, name: string) => T): T {
    if (!this.#read.has(name)) this.#read.set(name, parse(this, name));
    return this.#read.get(name) as T;
  }

  /** It came into a document. */
  protected abstract begin(): void;
  /** It is elsewhere in the document now. */
  protected moved(): void {}
  /** It is in no document any more: what it holds is let go. */
  protected abstract end(): void;
  /** An attribute has another value; also before `begin`. */
  protected abstract changed(name: string): void;

  /** Tells the page that something happened here; from within shadow roots too. */
  protected tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }

  /** Tells the page what failed, as `gan-error`. */
  protected fail(cause: unknown): void {
    const error = cause instanceof GanatomyError ? cause : new KernelError(String(cause), undefined, { cause });
    const { code, message, fix } = error;
    this.tell("gan-error", { error, code, message, fix } satisfies ErrorDetail);
  }
}

/**
 * A property that was set on the element before it knew its class hides the class's own: it is set
 * once more.
 */
function takeEarlyProperties(element: HTMLElement): void {
  for (const name of Object.keys(element)) {
    if (!isSettable(element, name)) continue;
    const early = element as unknown as Record<string, unknown>;
    const value = early[name];
    delete early[name];
    early[name] = value;
  }
}

function isSettable(element: HTMLElement, name: string): boolean {
  for (let at = Object.getPrototypeOf(element); at instanceof Base; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, name);
    if (property) return property.set !== undefined;
  }
  return false;
}
