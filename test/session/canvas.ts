/** WebGPU's flag values, which Node has no globals for. */
const COPY_SRC = 0x1;
const BUFFER = { MAP_READ: 0x1, COPY_DST: 0x8 } as const;

/** A canvas as a session sees one, that can be looked at in Node: 64 pixels wide. */
export class FakeCanvas {
  height = 0;
  width = 0;
  /** How often something was made ready to draw on it. */
  configured = 0;
  /** What was drawn without WebGPU. */
  #pixels: Uint8ClampedArray | undefined;
  #device: GPUDevice | undefined;
  #usage = 0;
  #format: GPUTextureFormat = "rgba8unorm";
  #texture: GPUTexture | undefined;

  getContext(kind: string): unknown {
    if (kind === "2d") {
      this.configured += 1;
      return {
        canvas: this,
        createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
        putImageData: ({ data }: { readonly data: Uint8ClampedArray }) => {
          this.#pixels = data.slice();
        },
      };
    }
    if (kind !== "webgpu") return null;
    return {
      configure: ({ device, usage, format }: Required<GPUCanvasConfiguration>) => {
        this.#device = device;
        this.#format = format;
        this.#usage = usage;
        this.configured += 1;
      },
      getCurrentTexture: () => {
        this.#texture = this.#device!.createTexture({
          size: [this.width, this.height],
          format: this.#format,
          usage: this.#usage | COPY_SRC,
        });
        return this.#texture;
      },
    };
  }

  /** RGB bytes of what was drawn last. */
  async rgb(): Promise<Uint8Array> {
    if (this.#pixels) return Uint8Array.from(this.#pixels).filter((_, at) => at % 4 !== 3);
    const device = this.#device!;
    const size = 4 * this.width * this.height;
    const buffer = device.createBuffer({ size, usage: BUFFER.MAP_READ | BUFFER.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture: this.#texture! }, { buffer, bytesPerRow: 4 * this.width }, [
      this.width,
      this.height,
    ]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(1);
    const bytes = new Uint8Array(buffer.getMappedRange().slice(0));
    buffer.destroy();
    const [red, blue] = this.#format === "bgra8unorm" ? [2, 0] : [0, 2];
    const from = [red, 1, blue];
    return Uint8Array.from({ length: (bytes.length / 4) * 3 }, (_, i) => bytes[4 * Math.floor(i / 3) + from[i % 3]!]!);
  }
}

/** A canvas that a session takes. */
export const canvasOf = (canvas: FakeCanvas): OffscreenCanvas => canvas as unknown as OffscreenCanvas;
