import type { FeatureKind } from "../compare/index.ts";

/** The Fréchet distance's name: FID is Inception's alone. */
export const frechetName = ({ network }: Pick<FeatureKind, "network">): "FD" | "FID" =>
  network.startsWith("Inception") ? "FID" : "FD";

/** Four digits that mean something. */
export const fourDigits = (value: number): string =>
  (Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)))).replace("-", "−");
