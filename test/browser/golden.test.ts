import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { DissectJson } from "../../src/report/gandissect.ts";
import { built } from "../built.ts";
import { start } from "../cli/ganatomy.ts";
import { describeGolden, GOLDEN, type Outcome } from "../dissect/golden.ts";

// Runs: src/index.ts

async function inChrome(): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-golden-"));
  try {
    await built();
    const { status, stderr } = await start([
      ...["dissect", "--chrome", "--model", join(GOLDEN, "scenes64/generator.pth")],
      ...["--segmenter", join(GOLDEN, "scenes64/segmenter"), "--layers", "layer4,layer6"],
      ...["--size", "100", "--examples", "8", "--outdir", join(folder, "out")],
    ]).ended;
    expect(status, stderr).toBe(0);
    return {
      report: JSON.parse(await readFile(join(folder, "out/dissect.json"), "utf8")) as DissectJson,
      tensors: await readFile(join(folder, "out/tensors.safetensors")),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describeGolden("in headless Chrome", inChrome);
