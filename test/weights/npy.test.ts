import { describe, expect, it } from "vitest";
import { memorySource } from "../../src/weights/bytes.ts";
import { openNpy } from "../../src/weights/npy.ts";
import { bytes, failure, le } from "./fixtures.ts";

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}";
const array = (version: number, headerBytes: number, magic: unknown[] = [0x93, "NUMPY"]) =>
  memorySource(
    bytes(
      ...(magic as (number | string)[]),
      ...[version, 0, le(headerBytes, version === 1 ? 2 : 4), HEADER.padEnd(headerBytes)],
      new Uint8Array(Float32Array.of(7).buffer),
    ),
  );

describe("an array's header", () => {
  it.each([1, 2, 3])("may have version %d", async (version) => {
    const tensor = await openNpy(array(version, 60), "w");
    expect([tensor.name, tensor.shape, [...(await tensor.read())]]).toEqual(["w", [1], [7]]);
  });

  it.each([0, 4])("may not have version %d", async (version) => {
    expect((await failure(openNpy(array(version, 60), "w"))).message).toMatch("no .npy file of version 1 to 3");
  });

  it("begins with NumPy's four bytes", async () => {
    expect((await failure(openNpy(array(1, 60, [0x92, "NUMPY"]), "w"))).message).toMatch("no .npy file");
  });

  it("takes 65,536 bytes at most, where NumPy itself reads 10,000", async () => {
    expect([...(await (await openNpy(array(2, 2 ** 16), "w")).read())]).toEqual([7]);
    expect((await failure(openNpy(array(2, 2 ** 16 + 1), "w"))).message).toMatch("its header claims 65537 bytes");
  });
});
