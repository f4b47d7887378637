import { existsSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { DESCRIPTION_FIELDS, parseDescription } from "../../src/networks/description.ts";
import type { Field } from "../../src/networks/operations/field.ts";
import { OPERATIONS } from "../../src/networks/operations.ts";

const schema = JSON.parse(readFileSync(new URL("../../src/networks/network-v1.schema.json", import.meta.url), "utf8"));
const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
const validate = ajv.compile(schema);

const LEAST = { z: 4, image: [3, 2, 2], range: "0..1", operations: [{ op: "output" }] };

/** Values of every kind that a field may hold, and others. */
const PROBES: readonly unknown[] = [
  ...[0, 1, 3, -1, 1.5, 65536, 65537, -65536, -65537, 1e30, true, false, null, "", "a", "c", "h", "hw", "chw", "hcw"],
  ...["cc", "abc", "same", "none", "leaky", "relu6", "tanh", "sigmoid", "relu", "centre", "corner", "reflect", "edge"],
  ...["constant", "nearest", "linear", "cubic", "half_pixel", "align_corners", "floor", "ceil", "DCR", "CRD"],
  ...["z,label", "label,z", "-1..1", "0..1", "tiles", "normal(0,1)", [], ["a"], [1], ["a", 1], [1, 2], [0, 2], [-1, 2]],
  ...[
    [1.5, 2],
    [1, 2, 3],
    [0, 1, 2],
    [1, 2, 3, 4],
    [-1, 0, 2, 3],
    [0, 1, 2, 3],
    [1, 2, 3, 1.5],
    [1, 2, 3, 4, 5],
  ],
  ...[{}, { name: "a" }, { mean: "a" }, { mean: "a", variance: "b", eps: 1 }, { name: "a", epsilon: 1 }, { name: 1 }],
];
const text = (value: unknown): string => JSON.stringify(value);

describe("the schema of descriptions", () => {
  const steps: Readonly<Record<string, { readonly properties: object; readonly required: readonly string[] }>> =
    Object.fromEntries(schema.$defs.operation.oneOf.map((step: { title: string }) => [step.title, step]));

  it("has every operation with all its fields, x and to left out if one likes", () => {
    expect(Object.keys(steps)).toEqual(Object.keys(OPERATIONS));
    for (const [op, { fields }] of Object.entries<{ fields: Readonly<Record<string, Field>> }>(OPERATIONS)) {
      expect(Object.keys(steps[op]!.properties), op).toEqual(["op", "to", ...Object.keys(fields)]);
      const needed = Object.keys(fields).filter((name) => !fields[name]!.optional && name !== "x");
      expect(steps[op]!.required, op).toEqual(["op", ...needed]);
    }
  });

  it("has every key", () => {
    expect(Object.keys(schema.properties)).toEqual(Object.keys(DESCRIPTION_FIELDS));
    const needed = Object.entries<Field>(DESCRIPTION_FIELDS).filter(([, { optional }]) => !optional);
    expect(schema.required).toEqual(needed.map(([name]) => name));
    const elsewhere = Object.keys(schema.properties).filter((name) => name !== "operations");
    for (const name of elsewhere) {
      for (const probe of PROBES) {
        const holds = (DESCRIPTION_FIELDS as Readonly<Record<string, Field>>)[name]!.holds(probe);
        expect(validate({ ...LEAST, [name]: probe }), `${name}: ${text(probe)}`).toBe(holds);
      }
    }
  });

  it("takes the values that the fields of operations take, and no others", () => {
    for (const [op, { fields }] of Object.entries<{ fields: Readonly<Record<string, Field>> }>(OPERATIONS)) {
      for (const [name, field] of Object.entries(fields)) {
        const takes = ajv.compile({ ...schema, $id: `${op}.${name}`, ...fragment(op, name) });
        for (const probe of PROBES) expect(takes(probe), `${op} ${name}: ${text(probe)}`).toBe(field.holds(probe));
      }
    }
  });

  /** The schema of one field alone. */
  function fragment(op: string, name: string) {
    const part = (steps[op]!.properties as Readonly<Record<string, object>>)[name]!;
    return {
      type: undefined,
      required: undefined,
      properties: undefined,
      additionalProperties: undefined,
      allOf: [part],
    };
  }

  it.each<readonly [object, boolean]>([
    [{ op: "conv", weight: "w" }, true],
    [{ op: "conv", filter: "f" }, true],
    [{ op: "conv" }, false],
    [{ op: "conv", weight: "w", filter: "f" }, false],
    [{ op: "batchNorm", mean: "m", variance: "v" }, true],
    [{ op: "batchNorm", mean: "m" }, false],
    [{ op: "add", y: "z" }, true],
    [{ op: "add", value: 1 }, true],
    [{ op: "add" }, false],
    [{ op: "eval" }, false],
    [{ op: "relu", slope: 1 }, false],
  ])("says of %j that it is %s", (step, right) => expect(validate({ ...LEAST, operations: [step] })).toBe(right));

  const WILD = new URL("../../../shared/models/wild/models.json", import.meta.url);
  const there = existsSync(WILD);
  if (!there) console.log(`No ${WILD.pathname}: the descriptions of others are not compared.`);
  it.runIf(there)("takes descriptions of networks of others, as they are read", () => {
    for (const [name, description] of Object.entries(JSON.parse(readFileSync(WILD, "utf8")))) {
      expect(validate(description), name).toBe(true);
      expect(validate(parseDescription(description)), name).toBe(true);
    }
  });
});
