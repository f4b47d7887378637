import { readFile } from "node:fs/promises";
import { init, loadGenerator, loadSegmenter } from "../../src/load.ts";
import { findGpu } from "../../src/node/gpu.ts";
import { type ListenOptions, listen } from "../../src/node/http.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { Device } from "../../src/runtime/device.ts";
import { createHandler, type HandlerOptions } from "../../src/server/handler.ts";
import type { Project } from "../../src/server/project.ts";
import { connect } from "../../src/session/connect.ts";
import { createSession } from "../../src/session/in-process.ts";
import { serve } from "../../src/session/serve.ts";
import type { Session } from "../../src/session/session.ts";
import type { Port } from "../../src/session/wire.ts";

const WEIGHTS = new URL("../../weights/scenes64/", import.meta.url);
const bytes = async (name: string): Promise<ArrayBuffer> => {
  const file = await readFile(new URL(name, WEIGHTS));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
};

/** scenes64's generator and segmenter as bytes, anew for everybody who transfers them. */
export const scenes64 = async () => ({
  generator: await bytes("generator.safetensors"),
  segmenter: { weights: await bytes("segmenter.safetensors"), labels: await bytes("labels.json") },
  name: "scenes64",
});

/** A session and the devices that it asked for. */
export interface Place {
  readonly session: Session;
  readonly devices: Device[];
  close(): Promise<void>;
}

/** A session here that has loaded nothing. */
export function inProcess(): Place {
  const devices: Device[] = [];
  const session = createSession({
    device: async () => {
      const device = await init({ gpu: await findGpu() });
      devices.push(device);
      return device;
    },
    encoder: nodeEncoder(),
  });
  return { session, devices, close: async () => session.dispose() };
}

/** The same behind a MessageChannel, as a worker would have it. */
export async function overPort(): Promise<Place> {
  const place = inProcess();
  const { port1, port2 } = new MessageChannel();
  const end = serve(place.session, port1 as unknown as Port);
  const session = await connect({ port: port2 });
  const close = async (): Promise<void> => {
    session.dispose();
    end();
    await place.close();
  };
  return { session, devices: place.devices, close };
}

/** A server of scenes64, and what ends it. */
export interface Serving {
  readonly url: string;
  readonly device: Device;
  /** Ends it, and leaves the networks for another. */
  stop(): Promise<void>;
  /** Another at the same address. */
  again(): Promise<void>;
  close(): Promise<void>;
}

/** As `ganatomy serve` does it. */
export async function serving(
  options: Partial<HandlerOptions> & { readonly project?: Partial<Project> } = {},
): Promise<Serving> {
  const { project, ...handling } = options;
  const device = await init({ gpu: await findGpu() });
  const { generator: weights, segmenter: files, name } = await scenes64();
  const generator = await loadGenerator(weights, { device, name });
  const segmenter = await loadSegmenter(files, { device });
  const start = async (listening: ListenOptions) => {
    const handler = createHandler({
      projects: [{ name, generator, segmenter, ...project }],
      encoder: nodeEncoder(),
      ...handling,
    });
    const { url, port, close } = await listen(handler, listening);
    return { url, port, close: () => close().then(() => handler.dispose()) };
  };
  let server = await start({});
  const { url, port } = server;
  return {
    url,
    device,
    stop: () => server.close(),
    again: async () => {
      server = await start({ port });
    },
    close: async () => {
      await server.close();
      device.dispose();
    },
  };
}

/** A session of a server, which has loaded everything. */
export async function overHttp(): Promise<Place> {
  const server = await serving();
  const session = await connect({ url: server.url });
  const close = async (): Promise<void> => {
    session.dispose();
    await server.close();
  };
  return { session, devices: [server.device], close };
}
