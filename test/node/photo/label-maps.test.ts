import { decode as decodeWithFastPng } from "fast-png";
import { describe, expect, test } from "vitest";
import { encodeLabels, encodeSegmentation } from "../../../src/node/photo/label-maps.ts";
import { labelColors } from "../../../src/report/colors.ts";
import { KINDS, severalChannels } from "../../report/fixture.ts";
import { expectKept } from "../../report/kept.ts";
import { noise } from "./pictures.ts";

describe("label maps", () => {
  test.each([
    [8, Uint16Array.of(0, 1, 255, 7, 8, 9)],
    [16, Uint16Array.of(0, 1, 256, 7, 8, 9)],
    [16, Uint16Array.of(0, 1, 256, 7, 1728, 65535)],
    [16, Uint32Array.of(0, 1, 256, 7, 1728, 65535)],
  ])("in %i bits", (depth, labels) => {
    const read = decodeWithFastPng(encodeLabels(labels, 3, 2), { checkCrc: true });
    expect(read).toMatchObject({ width: 3, height: 2, channels: 1, depth });
    expect([...read.data]).toEqual([...labels]);
  });

  test("of a megapixel", () => {
    const labels = Uint32Array.from(noise(6, 2 ** 20, 1812));
    const read = decodeWithFastPng(encodeLabels(labels, 1024, 1024));
    expect(read.data.findIndex((value, i) => value !== labels[i])).toBe(-1);
  });

  test("of drawn scenes are as they were looked at", async () => {
    for await (const { tops } of severalChannels({ images: 3, examples: 1 }).pictures()) {
      const maps = Uint16Array.from(tops[0]!.picture.labels);
      expectKept(
        "labels.png",
        encodeLabels(
          maps.subarray(0, 32 ** 2).map((label) => label * 40),
          32,
          32,
        ),
      );
      expectKept(
        "labels-16.png",
        encodeLabels(
          maps.subarray(0, 32 ** 2).map((label) => label * 10_000),
          32,
          32,
        ),
      );
      expectKept("segmentation.png", encodeSegmentation(maps, 32, 32, labelColors(KINDS)));
      break;
    }
  });

  test("refuse labels beyond 16 bits and other sizes", () => {
    const refused = expect.objectContaining({ code: "output" });
    expect(() => encodeLabels(Uint32Array.of(65536), 1, 1)).toThrow(refused);
    expect(() => encodeLabels(Uint16Array.of(1, 2, 3), 2, 2)).toThrow(refused);
    expect(() => encodeSegmentation(Uint16Array.of(1, 2, 3), 2, 2, [])).toThrow(refused);
    expect(() => encodeSegmentation(Uint16Array.of(), 0, 2, [])).toThrow(refused);
    expect(() => encodeSegmentation(Uint16Array.of(), 2, 2, [])).toThrow(refused);
  });

  test("in colours, the rarer of several on top", () => {
    const colors = [
      [0, 0, 0],
      [10, 20, 30],
      [40, 50, 60],
      [70, 80, 90],
    ] as const;
    const maps = Uint32Array.of(1, 1, 1, 0, 0, 9, 0, 2, 0, 0, 0, 0);
    const read = decodeWithFastPng(encodeSegmentation(maps.subarray(0, 6), 3, 2, colors));
    expect(read).toMatchObject({ width: 3, height: 2, channels: 3, depth: 8 });
    expect([...read.data]).toEqual([10, 20, 30, 10, 20, 30, 10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...decodeWithFastPng(encodeSegmentation(maps, 3, 2, colors)).data.subarray(0, 9)]).toEqual([
      10, 20, 30, 40, 50, 60, 10, 20, 30,
    ]);
  });
});
