/**
 * Makes and reads elements. Text is only ever set as text: names come from files of strangers. Runs
 * in the page: no imports.
 */
export function dom() {
  type Child = Node | string | undefined;
  type Properties = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

  /**
   * An element with attributes (`false` and `undefined` are left out), `on…` listeners and
   * children.
   */
  function element<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    properties: Properties = {},
    ...children: Child[]
  ): HTMLElementTagNameMap[K] {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (typeof value === "function") node.addEventListener(name.slice(2), value);
      else if (name === "style") node.style.cssText = String(value);
      else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.filter((child) => child !== undefined));
    return node;
  }

  /** The element of the page with this id. */
  function byId<T extends HTMLElement>(id: string): T {
    return document.getElementById(id) as T;
  }

  /** The bytes that an element of the page holds as deflated base64. */
  async function unpack(id: string): Promise<Uint8Array> {
    const text = atob(byId(id).textContent?.trim() ?? "");
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Two or three decimals for scores, as many as are needed to tell small ones from nothing. */
  function score(value: number | null): string {
    if (value === null) return "–";
    return value.toFixed(Math.abs(value) < 0.1 ? 3 : 2);
  }

  return { element, byId, unpack, score };
}
