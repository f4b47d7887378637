// Tests: test/report/jpeg.test.ts
/** Where the i-th coefficient in zigzag order stands in its block. */
export const ZIGZAG = Uint8Array.of(
  0,
  1,
  8,
  16,
  9,
  2,
  3,
  10,
  17,
  24,
  32,
  25,
  18,
  11,
  4,
  5,
  12,
  19,
  26,
  33,
  40,
  48,
  41,
  34,
  27,
  20,
  13,
  6,
  7,
  14,
  21,
  28,
  35,
  42,
  49,
  56,
  57,
  50,
  43,
  36,
  29,
  22,
  15,
  23,
  30,
  37,
  44,
  51,
  58,
  59,
  52,
  45,
  38,
  31,
  39,
  46,
  53,
  60,
  61,
  54,
  47,
  55,
  62,
  63,
);

/**
 * A Huffman code as the file states it: how many codes of each length from 1 to 16, and their
 * values in order.
 */
interface HuffmanCode {
  readonly counts: readonly number[];
  readonly values: readonly number[];
}

/** The codes of one kind of plane, and for each value its code and length. */
export interface HuffmanTable {
  readonly dc: HuffmanCode;
  readonly ac: HuffmanCode;
  readonly dcCode: Uint16Array;
  readonly dcSize: Uint8Array;
  readonly acCode: Uint16Array;
  readonly acSize: Uint8Array;
}

const AC_LUMA =
  "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a2526" +
  "2728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485" +
  "868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6" +
  "d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa";
const AC_CHROMA =
  "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1171819" +
  "1a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283" +
  "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4" +
  "d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa";

/** The typical codes of T.81 Annex K.3: luma, chroma. */
export const HUFFMAN: readonly [HuffmanTable, HuffmanTable] = [
  table([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], AC_LUMA),
  table(
    [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    AC_CHROMA,
  ),
];

function table(dcCounts: readonly number[], acCounts: readonly number[], acValues: string): HuffmanTable {
  const dc = { counts: dcCounts, values: Array.from({ length: 12 }, (_, i) => i) };
  const ac = { counts: acCounts, values: acValues.match(/../g)!.map((hex) => Number.parseInt(hex, 16)) };
  const [dcCode, dcSize] = codes(dc);
  const [acCode, acSize] = codes(ac);
  return { dc, ac, dcCode, dcSize, acCode, acSize };
}

/** Codes are consecutive within a length, and doubled from one length to the next (Annex C). */
function codes({ counts, values }: HuffmanCode): [Uint16Array, Uint8Array] {
  const code = new Uint16Array(256);
  const size = new Uint8Array(256);
  let next = 0;
  let at = 0;
  counts.forEach((count, i) => {
    for (let n = 0; n < count; n++, at++) {
      code[values[at]!] = next++;
      size[values[at]!] = i + 1;
    }
    next <<= 1;
  });
  return [code, size];
}
