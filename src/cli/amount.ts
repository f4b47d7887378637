// Tests: test/cli/amount.test.ts

const UNITS = ["", "k", "M", "G", "T", "P"];

/** A number with three digits and a prefix of its unit: "41.2 MFLOP". */
export function amount(value: number, unit: string): string {
  let [scaled, prefix] = [value, 0];
  // what rounds to 1000 is 1 of the next
  for (; scaled >= 999.5 && prefix < UNITS.length - 1; prefix += 1) scaled /= 1000;
  const digits = scaled >= 99.95 || Number.isInteger(scaled) ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${UNITS[prefix]}${unit}`;
}

/** Bytes in MiB; what is less than ten with a decimal, so that a small network is not nothing. */
export function mebibytes(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib.toFixed(mib < 9.95 && bytes > 0 ? 1 : 0);
}

/** "1 file", "2 files". */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
