import { readFileSync } from "node:fs";
import { decode as decodeJpeg } from "jpeg-js";
import { loadGenerator, loadSegmenter } from "../../src/index.ts";
import type { Generator } from "../../src/models/generator.ts";
import type { Segmenter } from "../../src/models/segmenter.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { Device } from "../../src/runtime/device.ts";
import { createHandler, type Handler, type HandlerOptions } from "../../src/server/handler.ts";
import type { Dissected, Files, Project } from "../../src/server/project.ts";
import { requestDevice } from "../gpu.ts";
import { testDecoder } from "./published.ts";

const WEIGHTS = new URL("../../weights/scenes64/", import.meta.url);
export const UNITS = 128;
export const HOST = "http://127.0.0.1:5001";

export interface Scenes {
  readonly device: Device;
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  dispose(): void;
}

/** The embedded models on a device. */
export async function openScenes(): Promise<Scenes> {
  const device = await requestDevice();
  const file = (name: string) => readFileSync(new URL(name, WEIGHTS));
  const generator = await loadGenerator(file("generator.safetensors"), { device, name: "scenes64" });
  const files = { weights: file("segmenter.safetensors"), labels: file("labels.json") };
  const segmenter = await loadSegmenter(files, { device, name: "scenes64" });
  return {
    device,
    generator,
    segmenter,
    dispose() {
      segmenter.dispose();
      generator.dispose();
      device.dispose();
    },
  };
}

/**
 * A dissection of layer4 in which every third unit draws trees, and the units' tops are images 0 to
 * 9.
 */
export const dissection = {
  settings: { seed: 1 },
  layers: [
    {
      layer: "layer4",
      dirname: "layer4",
      units: Array.from({ length: UNITS }, (_, unit) => ({
        unit,
        interp: true,
        level: 1,
        top: [{ imgnum: unit % 10, maxact: 5 }],
        iou_label: unit % 3 === 0 ? "tree" : "sky",
      })),
      rankings: [
        { name: "unit", score: Array.from({ length: UNITS }, (_, unit) => unit) },
        {
          name: "tree-iou",
          metric: "iou",
          concept: "tree",
          score: Array.from({ length: UNITS }, (_, u) => -1 - (u % 3)),
        },
      ],
    },
  ],
} as const satisfies Dissected;

/** Files in memory. */
export const filesOf = (texts: Readonly<Record<string, string>>): Files => ({
  read: async (path) => (path in texts ? new TextEncoder().encode(texts[path]) : undefined),
});

/** A handler of one project, "scenes". */
export const handlerOf = (
  generator: Generator,
  { project, ...options }: Partial<HandlerOptions> & { readonly project?: Partial<Project> } = {},
): Handler =>
  createHandler({
    projects: [{ name: "scenes", generator, dissection, ...project }],
    encoder: nodeEncoder(),
    decoder: testDecoder,
    ...options,
  });

export const get = (path: string, headers: Readonly<Record<string, string>> = {}): Request =>
  new Request(HOST + path, { headers });

export const post = (path: string, body: unknown, init: RequestInit = {}): Request =>
  new Request(HOST + path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json; charset=UTF-8" },
    ...init,
  });

/** What the server answers, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: answers have many forms
export async function json(response: Response | Promise<Response>): Promise<any> {
  const { ok, status } = await response;
  const body = await (await response).json();
  if (!ok) throw Object.assign(new Error(`${status}: ${JSON.stringify(body)}`), { status, body });
  return body;
}

/** RGB of a JPEG, or of an address that holds one. */
export function rgbOf(jpeg: Uint8Array | string): { readonly width: number; readonly height: number; rgb: number[] } {
  const bytes = typeof jpeg === "string" ? Buffer.from(jpeg.replace(/^data:image\/jpeg;base64,/, ""), "base64") : jpeg;
  const { width, height, data } = decodeJpeg(bytes, { useTArray: true });
  return { width, height, rgb: [...data].filter((_, i) => i % 4 !== 3) };
}

/** The mean difference of two pictures' bytes. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
