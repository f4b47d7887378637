import { expect, test } from "vitest";
import { jobSettings, withoutSecrets } from "../../src/cli/job.ts";

test("--memory is in MiB, and the library's is in bytes", () => {
  const options = { seed: 1, trainSeed: 2, quantileThreshold: "iqr", examples: 20 } as const;
  expect(jobSettings({ ...options, memory: 128 }, true).memory).toBe(134_217_728);
  expect(jobSettings({ ...options, memory: 0 }, true).memory).toBe(0);
  expect(jobSettings(options, false)).toEqual({ ...options, layers: [], size: 1000 });
});

test.each([
  ["church.pth", "church.pth"],
  ["--model=https://me:secret@host/a/b.pth?token=secret#secret", "--model=https://host/a/b.pth"],
  ["http://host/b.pth?secret", "http://host/b.pth"],
  ["https://host/me@home/b.pth", "https://host/me@home/b.pth"],
])("%s in a report is %s", (text, expected) => expect(withoutSecrets(text)).toBe(expected));
