import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import type { Image } from "../../src/report/image.ts";
import type { ImageDecoder } from "../../src/server/masks.ts";

/** What the published server makes of requests; see scripts/golden/server.py. */
export interface Published {
  readonly shapes: Readonly<Record<string, readonly [channels: number, height: number, width: number]>>;
  readonly masks: readonly {
    readonly name: string;
    readonly mask: Readonly<Record<string, unknown>>;
    readonly result: {
      readonly shape: readonly [number, number];
      /** Where in a row of all pixels it changes between off and on. */
      readonly runs: readonly number[];
      readonly pooled: Readonly<Record<string, { readonly max: number[]; readonly mean: number[] }>>;
    } | null;
  }[];
  readonly interventions: readonly {
    readonly name: string;
    readonly interventions: unknown;
    /** [channels, height, width] each. */
    readonly result: Readonly<Record<string, { readonly alpha: number[]; readonly value: number[] }>> | null;
  }[];
  readonly quantiles: {
    readonly asked: readonly number[];
    readonly levels: readonly (readonly number[])[];
    readonly values: readonly number[];
    readonly normalized: readonly (readonly number[])[];
  };
  readonly features: Readonly<Record<string, readonly number[]>>;
  readonly stats: readonly {
    readonly ids: readonly number[];
    readonly masks: readonly string[];
    readonly layers: readonly string[] | null;
    readonly result: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  }[];
}

const GOLDEN = new URL("../golden/", import.meta.url);

export const published: Published = JSON.parse(readFileSync(new URL("server.json", GOLDEN), "utf8"));
export const publishedQuantiles = (): Uint8Array => readFileSync(new URL("quantiles.npz", GOLDEN));

/** A decoder nobody here wrote. */
export const testDecoder: ImageDecoder = {
  png(bytes): Image {
    const { width, height, channels, data } = decode(bytes);
    return { width, height, channels: channels as Image["channels"], data: data as Uint8Array };
  },
};
