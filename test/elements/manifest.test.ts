import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { manifest } from "../../scripts/elements-manifest.mjs";
import {
  GanCompare,
  GanHistory,
  GanImage,
  GanInspect,
  GanPaint,
  GanSession,
  GanUnits,
} from "../../src/elements/index.ts";

// Runs: src/elements/index.ts

const CLASSES = { GanCompare, GanHistory, GanImage, GanInspect, GanPaint, GanSession, GanUnits };

interface Declaration {
  readonly name: string;
  readonly tagName: string;
  readonly description: string;
  readonly attributes: readonly { readonly name: string; readonly fieldName?: string; readonly description: string }[];
  readonly members: readonly { readonly kind: string; readonly name: string; readonly readonly?: boolean }[];
  readonly events: readonly { readonly name: string; readonly type: { readonly text?: string } }[];
}

const { modules } = (await manifest()) as { modules: { declarations: Declaration[]; exports: { name: string }[] }[] };
const { declarations } = modules[0]!;

test("custom-elements.json is as its schema says", async () => {
  const path = createRequire(import.meta.url).resolve("custom-elements-manifest/schema.json");
  const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(readFileSync(path, "utf8")));
  validate(await manifest());
  expect(validate.errors).toBeNull();
});

test("it has all elements, as they are defined", () => {
  const names = declarations.map(({ tagName }) => tagName);
  expect(names).toEqual(
    ["compare", "history", "image", "inspect", "paint", "session", "units"].map((name) => `gan-${name}`),
  );
  expect(modules[1]!.exports.map(({ name }) => name)).toEqual(names);
});

test.each(declarations)(
  "$tagName is described as its class is",
  ({ name, description, attributes, members, events }) => {
    const element = CLASSES[name as keyof typeof CLASSES];
    expect(description).toMatch(/\.$/);
    const settable = (property: string): boolean => {
      for (let at: object = element.prototype; at; at = Object.getPrototypeOf(at)) {
        const found = Object.getOwnPropertyDescriptor(at, property);
        if (found) return found.set !== undefined;
      }
      return false;
    };
    const named = attributes.map((attribute) => attribute.name);
    expect(named).toEqual(expect.arrayContaining([...element.observedAttributes]));
    expect(new Set(named).size).toBe(named.length);
    for (const attribute of attributes) {
      expect(attribute.fieldName, attribute.name).toBeDefined();
      expect(settable(attribute.fieldName!), attribute.name).toBe(true);
      expect(attribute.description, attribute.name).toMatch(/\S/);
    }
    for (const { kind, name: member, readonly = false } of members) {
      if (kind === "method")
        expect(typeof (element.prototype as HTMLElement)[member as "click"], member).toBe("function");
      else expect(settable(member), member).toBe(!readonly);
    }
    for (const event of events) expect(event.type.text, event.name).toMatch(/Event/);
  },
);
