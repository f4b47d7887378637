import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { EXIT, exitStatus } from "../../src/cli/exit.ts";
import { classes, generatorOf, generatorOptions, noise } from "../../src/cli/generator-flags.ts";

function parsed(...args: string[]): object {
  const command = generatorOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  return generatorOf(command.parse(args, { from: "user" }).opts());
}

describe("flags of a generator", () => {
  it("become options of loadGenerator; what is not given stays away", () => {
    expect(parsed()).toEqual({});
    expect(parsed("--model", "x.pkl")).toEqual({});
    expect(
      parsed(
        ...["--key", "G", "--classes", "0,cat", "--classes", "2", "--truncation", "-0.7", "--cutoff", "8"],
        ...["--noise", "12", "--clamp", "256", "--lod", "1.5", "--pixel-norm", "ends"],
      ),
    ).toEqual({
      key: "G",
      classes: [0, "cat", 2],
      truncation: -0.7,
      cutoff: 8,
      noise: 12,
      convClamp: 256,
      lod: 1.5,
      pixelNorm: "ends",
    });
  });

  it("take a description from a file, and a preset by its name", async () => {
    const path = join(await mkdtemp(join(tmpdir(), "ganatomy-flags-")), "network.json");
    await writeFile(path, '{ "z": 4 }');
    expect(parsed("--network", path)).toEqual({ network: '{ "z": 4 }' });
    expect(parsed("--network", "dcgan")).toEqual({ network: "dcgan" });
    const missing = () => parsed("--network", `${path}.json`);
    expect(missing).toThrow(/network\.json\.json" is not there/);
    // as any file that is not there
    expect(missing).toThrow(expect.toSatisfy((error) => exitStatus(error) === EXIT.files));
    expect(() => parsed("--network", dirname(path))).toThrow(/is a folder/);
    await writeFile(path, "[1]");
    expect(() => parsed("--network", path)).toThrow(/is no JSON object/);
    await rm(dirname(path), { recursive: true });
  });

  it("are refused where they make no sense", () => {
    expect(() => classes("1,,2")).toThrow(/missing beside a comma/);
    expect(noise("none")).toBe("none");
    expect(noise("const")).toBe("const");
    expect(() => noise("-1")).toThrow(/"const", "none", or a seed/);
    for (const bad of [
      ["--truncation", "x"],
      ["--truncation", ""],
      ["--clamp", "-1"],
      ["--lod", "x"],
      ["--cutoff", "1.5"],
      ["--pixel-norm", "some"],
    ]) {
      expect(() => parsed(...bad), bad.join(" ")).toThrow();
    }
  });
});
