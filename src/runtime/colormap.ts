// Tests: test/runtime/colormap.test.ts

/** Colours of the map. */
const STEPS = 256;

/** In Oklab: lightness grows evenly, and hue turns evenly, from blue over red to yellow. */
const LIGHTNESS = [0.16, 0.96] as const;
const HUE = [-1.6, 1.9] as const;
/** As colourful as sRGB can be throughout at these, and most so in the middle. */
const chroma = (at: number): number => 0.06 + 0.11 * Math.sin(Math.PI * (0.05 + 0.8 * at));

let table: Uint8Array<ArrayBuffer> | undefined;

/**
 * The colours of activations from low to high, [256, 3] bytes in sRGB. Equal steps look equal, and
 * each colour is lighter than the one before, so that they are told apart without hue, too.
 */
export function heatColors(): Uint8Array<ArrayBuffer> {
  if (table) return table;
  const bytes = new Uint8Array(3 * STEPS);
  for (let i = 0; i < STEPS; i += 1) {
    const at = i / (STEPS - 1);
    const hue = HUE[0] + at * (HUE[1] - HUE[0]);
    const lightness = LIGHTNESS[0] + at * (LIGHTNESS[1] - LIGHTNESS[0]);
    bytes.set(sRgb(lightness, chroma(at) * Math.cos(hue), chroma(at) * Math.sin(hue)), 3 * i);
  }
  table = bytes;
  return bytes;
}

/** Bytes of a colour in Oklab (Björn Ottosson, 2020). */
function sRgb(lightness: number, a: number, b: number): number[] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((linear) => {
    const value = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055));
  });
}
