import { expect, test } from "vitest";
import { DeviceLostError, ShapeError, UsageError, WeightsError } from "../../src/errors.ts";
import { badRequest, Refused, refusal } from "../../src/server/refused.ts";

test.each<[error: unknown, status: number, code: string, message: string]>([
  [badRequest("It is wrong.", "Do right."), 400, "bad-request", "It is wrong."],
  [new Refused(429, "busy", "Many wait.", "Wait."), 429, "busy", "Many wait."],
  [new UsageError("No such thing.", "Name one."), 400, "usage", "No such thing."],
  [new ShapeError("Too long.", "Cut it."), 400, "shape", "Too long."],
  [new DeviceLostError("device-lost", "It is gone.", "Start again."), 503, "device-lost", "It is gone."],
  [new DOMException("Enough.", "AbortError"), 503, "aborted", "The request was given up."],
  [
    new WeightsError("weights-format", "/secret is broken.", "Look."),
    500,
    "unexpected",
    "Something went wrong that was not foreseen.",
  ],
  [new TypeError("x is undefined"), 500, "unexpected", "Something went wrong that was not foreseen."],
  ["a text", 500, "unexpected", "Something went wrong that was not foreseen."],
])("%s becomes %i", async (error, status, code, message) => {
  const response = refusal(error);
  expect(response.status).toBe(status);
  const body = await response.json();
  expect(body).toEqual({ error: { code, message, fix: expect.stringMatching(/./) } });
});
