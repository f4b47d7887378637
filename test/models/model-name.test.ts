import { expect, test } from "vitest";
import { modelName } from "../../src/models/model-name.ts";

test.each([
  ["church.pth", "church"],
  ["models/church.pth", "church"],
  ["models\\church.pth", "church"],
  ["/weights/scenes64/generator.safetensors", "scenes64"],
  ["my.run/netG.pth", "my.run"],
  ["generator.safetensors", "generator"],
  ["/generator.safetensors", "generator"],
  ["a/generators.pth", "generators"],
  ["a/church", "church"],
  ["", ""],
])("%s is called %s", (path, name) => expect(modelName(path)).toBe(name));
