import { readFile } from "node:fs/promises";
import { init } from "../../src/load.ts";
import { findGpu } from "../../src/node/gpu.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { Device } from "../../src/runtime/device.ts";
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
