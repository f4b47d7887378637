import { expect, test } from "vitest";
import {
  DeviceLostError,
  type ErrorCode,
  GanatomyError,
  ShapeError,
  UsageError,
  WeightsError,
} from "../../src/errors.ts";
import { badRequest, notFound, Refused, refusal } from "../../src/server/refused.ts";

test.each<[error: unknown, status: number, code: string, message: string]>([
  [badRequest("It is wrong.", "Do right."), 400, "bad-request", "It is wrong."],
  [notFound("It is not there.", "Look elsewhere."), 404, "not-found", "It is not there."],
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

/**
 * Of every code: what the request asks wrongly, what there is not, what the device cannot do now;
 * and what is nobody's business but the server's.
 */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  ...{ usage: 400, shape: 400, photo: 400, labels: 400, file: 400 },
  "not-found": 404,
  ...{ "no-webgpu": 503, "no-adapter": 503, "insecure-context": 503, limit: 503 },
  ...{ "device-lost": 503, "out-of-memory": 503, "host-memory": 503 },
  ...{ "weights-format": 500, "weights-unsafe": 500, "weights-shape": 500, "weights-values": 500 },
  ...{ "weights-integrity": 500, network: 500, output: 500, kernel: 500 },
};

test.each(Object.entries(STATUS) as [ErrorCode, number][])(
  "an error of the code %s becomes %i",
  async (code, status) => {
    const response = refusal(new GanatomyError(code, "What is wrong.", "What to do."));
    const { error } = await response.json();
    expect([response.status, error.code]).toEqual([status, status === 500 ? "unexpected" : code]);
    expect(error.message === "What is wrong.").toBe(status !== 500);
  },
);
