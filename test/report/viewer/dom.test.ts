import { deflateRawSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dom } from "../../../src/report/viewer/dom.ts";

afterEach(() => vi.unstubAllGlobals());

test.each([
  [null, "–"],
  [0, "0.000"],
  [0.0994, "0.099"],
  [-0.0512, "-0.051"],
  [0.1, "0.10"],
  [0.456, "0.46"],
  [-0.25, "-0.25"],
  [1, "1.00"],
])("a score of %s reads %s", (score, text) => expect(dom().score(score)).toBe(text));

/** A document whose elements remember what they are told, and whose page has these texts. */
function page(texts: Record<string, string | null> = {}) {
  const make = (tag: string) => ({
    tag,
    style: { cssText: "" },
    addEventListener: vi.fn(),
    setAttribute: vi.fn(),
    append: vi.fn(),
  });
  const created: ReturnType<typeof make>[] = [];
  const createElement = (tag: string) => {
    created.push(make(tag));
    return created.at(-1)!;
  };
  const getElementById = (id: string) => ({ textContent: texts[id] });
  vi.stubGlobal("document", { createElement, getElementById });
  return { ...dom(), created };
}

describe("an element", () => {
  test("has its attributes, listeners, style and children, and not what is none", () => {
    const onclick = () => {};
    const { element, created } = page();
    const properties = { title: "t", "data-unit": 7, hidden: true, disabled: false, lang: undefined };
    element("button", { onclick, style: "width:3px", ...properties }, "text", undefined, "more");
    const [made] = created;
    expect([made!.tag, made!.style.cssText]).toEqual(["button", "width:3px"]);
    expect(made!.addEventListener.mock.calls).toEqual([["click", onclick]]);
    expect(made!.setAttribute.mock.calls).toEqual([
      ["title", "t"],
      ["data-unit", "7"],
      ["hidden", ""],
    ]);
    expect(made!.append.mock.calls).toEqual([["text", "more"]]);
  });
});

test("packed bytes of the page come out whole, and where there are none nothing does", async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i) % 251);
  const empty = deflateRawSync(new Uint8Array()).toString("base64");
  const { unpack } = page({ features: `\n${deflateRawSync(bytes).toString("base64")}\n`, labels: empty });
  expect(await unpack("features")).toEqual(bytes);
  expect(await unpack("labels")).toEqual(new Uint8Array());
});
