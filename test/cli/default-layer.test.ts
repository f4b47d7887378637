import { expect, test } from "vitest";
import { defaultLayer } from "../../src/cli/default-layer.ts";
import { UsageError } from "../../src/errors.ts";

const generator = (...names: readonly string[]) => ({
  name: "church",
  layers: names.map((name) => ({ name, height: 4, width: 4, channels: 8 })),
});

test("the paper's layer is taken where none is named", () =>
  expect(defaultLayer(generator("layer1", "layer4", "layer5"), "--layer")).toBe("layer4"));

test.each([
  ["--layer", /^Which layer\? "church" has no layer4, which is taken when none is named/],
  ["--layers", /^Which layers\? "church" has no layer4/],
])("a generator without it lists its own, for %s", (option, what) => {
  const choose = (): string => defaultLayer(generator("b4", "b8", "image"), option);
  expect(choose).toThrow(UsageError);
  expect(choose).toThrow(what);
  expect(choose).toThrow(`Choose with ${option} among b4, b8, image.`);
});

test("one without layers is told of", () =>
  expect(() => defaultLayer(generator(), "--layers")).toThrow(/^"church" has no layers: .* Describe the network/));
