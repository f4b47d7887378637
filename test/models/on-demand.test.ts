import { expect, test } from "vitest";
import { GanatomyError } from "../../src/errors.ts";
import { onDemand } from "../../src/models/on-demand.ts";

test("a part that loads is handed on", async () => {
  expect(await onDemand("generators", async () => 7)).toBe(7);
});

test("a part that does not load is an error of the network that says which, and why", async () => {
  const cause = new TypeError("Failed to fetch dynamically imported module");
  const error = await onDemand("generators", () => Promise.reject(cause)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GanatomyError);
  expect(error).toMatchObject({
    code: "network",
    cause,
    message: expect.stringMatching(/knows the generators did not/),
  });
});
