import { heatColors } from "./colormap.ts";
import type { Device } from "./device.ts";
import { BUFFER } from "./memory.ts";
import type { Tensor } from "./tensor.ts";
import { waitable } from "./wait.ts";

// Tests: test/runtime/show.test.ts

/** One picture of several that are drawn side by side. */
export interface Tile {
  /** Of the batch. */
  readonly image: number;
  /** A channel, or −1: the first three as RGB. */
  readonly channel: number;
  /** What becomes the first colour and the last one. */
  readonly range: readonly [low: number, high: number];
  /** Where the channel is above it is outlined; the rest is half as bright. */
  readonly level?: number | undefined;
}

/** What tiles are made of, and how. */
export interface Drawing {
  /** [n, h, w, c] */
  readonly map: Tensor<"f32">;
  readonly colors: "grey" | "heat";
  /** Between the map's cells: half-pixel bilinear, or the nearest. */
  readonly smooth: boolean;
  /**
   * A picture [n, h, w, c], RGB in [−1, 1], to lay the map over, and how much of it is covered, of
   * heat where it is greatest.
   */
  readonly over?: { readonly picture: Tensor<"f32">; readonly opacity: number } | undefined;
  /** What of the map's height and width the picture shows, where it is cropped. */
  readonly cover: readonly [height: number, width: number];
}

/** Tiles of one size, row after row. */
export interface Grid {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

/** What is drawn on. */
export interface Surface {
  readonly view: GPUTextureView;
  readonly format: GPUTextureFormat;
  readonly width: number;
  readonly height: number;
}

/** Tiles that one call draws at most. */
export const MAX_TILES = 256;

/**
 * Reads the tensors' storage in the fragment shader: no texture, no copy, whatever the format that
 * is drawn in.
 */
const SHADER = /* wgsl */ `
struct Params {
  height: u32, width: u32, channels: u32, overHeight: u32,
  overWidth: u32, overChannels: u32, opacity: f32, unused: u32,
  heat: u32, smoothly: u32, columns: u32, outline: u32,
  tile: vec2f, surface: vec2f,
  cover: vec2f,
}
struct Tile { image: u32, channel: i32, low: f32, high: f32, level: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;
@group(0) @binding(3) var<storage, read> colors: array<u32>;
@group(0) @binding(4) var<storage, read> over: array<f32>;

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) @interpolate(flat) tile: u32,
}

/// Where a tile begins, in pixels of the surface.
fn originOf(tile: u32) -> vec2f {
  return vec2f(f32(tile % params.columns), f32(tile / params.columns)) * params.tile;
}

@vertex fn corner(@builtin(vertex_index) index: u32, @builtin(instance_index) tile: u32) -> Corner {
  let pixel = originOf(tile) + vec2f(f32(index & 1u), f32(index >> 1u)) * params.tile;
  return Corner(vec4f(pixel / params.surface * vec2f(2.0, -2.0) + vec2f(-1.0, 1.0), 0.0, 1.0), tile);
}

/// Which element the pixel of a map [n, size, channels] begins with.
fn pixelOf(image: u32, p: vec2u, size: vec2u, channels: u32) -> u32 {
  return ((image * size.y + p.y) * size.x + p.x) * channels;
}

fn cell(image: u32, p: vec2u, channel: u32) -> f32 {
  return x[pixelOf(image, p, vec2u(params.width, params.height), params.channels) + channel];
}

/// The map's channel at a place in [0, 1]².
fn activation(image: u32, at: vec2f, channel: u32) -> f32 {
  let size = vec2f(f32(params.width), f32(params.height));
  let last = vec2u(params.width - 1u, params.height - 1u);
  let place = clamp(at, vec2f(), vec2f(1.0)) * params.cover * size;
  if (params.smoothly == 0u) { return cell(image, min(vec2u(place), last), channel); }
  let source = clamp(place - 0.5, vec2f(), vec2f(last));
  let p = vec2u(source);
  let q = min(p + 1u, last);
  let share = source - vec2f(p);
  let above = mix(cell(image, p, channel), cell(image, vec2u(q.x, p.y), channel), share.x);
  let below = mix(cell(image, vec2u(p.x, q.y), channel), cell(image, q, channel), share.x);
  return mix(above, below, share.y);
}

fn heat(t: f32) -> vec3f { return unpack4x8unorm(colors[u32(t * 255.0 + 0.5)]).rgb; }

fn rgb(image: u32, p: vec2u) -> vec3f {
  let first = pixelOf(image, p, vec2u(params.overWidth, params.overHeight), params.overChannels);
  return clamp(vec3f(over[first], over[first + 1u], over[first + 2u]) * 0.5 + 0.5, vec3f(), vec3f(1.0));
}

/// The picture at a place in its pixels.
fn pictureAt(image: u32, place: vec2f) -> vec3f {
  let last = vec2u(params.overWidth - 1u, params.overHeight - 1u);
  if (params.smoothly == 0u) { return rgb(image, min(vec2u(place), last)); }
  let source = clamp(place - 0.5, vec2f(), vec2f(last));
  let p = vec2u(source);
  let q = min(p + 1u, last);
  let share = source - vec2f(p);
  let above = mix(rgb(image, p), rgb(image, vec2u(q.x, p.y)), share.x);
  return mix(above, mix(rgb(image, vec2u(p.x, q.y)), rgb(image, q), share.x), share.y);
}

/// What of the picture a pixel of the tile covers, on average: of up to 8 × 8 places.
fn picture(image: u32, at: vec2f) -> vec3f {
  let size = vec2f(f32(params.overWidth), f32(params.overHeight));
  let covered = size / params.tile;
  let places = vec2u(clamp(ceil(covered), vec2f(1.0), vec2f(8.0)));
  var sum = vec3f();
  for (var v = 0u; v < places.y; v++) {
    for (var u = 0u; u < places.x; u++) {
      let within = (vec2f(f32(u), f32(v)) + 0.5) / vec2f(places) - 0.5;
      sum += pictureAt(image, clamp(at * size + within * covered, vec2f(), size));
    }
  }
  return sum / f32(places.x * places.y);
}

@fragment fn pixel(in: Corner) -> @location(0) vec4f {
  let tile = tiles[in.tile];
  // The same numbers wherever on the surface the tile is, which interpolated ones would not be.
  let at = (in.position.xy - originOf(in.tile)) / params.tile;
  let image = tile.image;
  let channel = u32(max(tile.channel, 0));
  let here = activation(image, at, channel);
  var v = vec3f(here);
  if (tile.channel < 0) { v = vec3f(here, activation(image, at, 1u), activation(image, at, 2u)); }
  let span = tile.high - tile.low;
  let t = clamp((v - tile.low) / select(span, 1.0, span == 0.0), vec3f(), vec3f(1.0));
  var color = t;
  var opacity = params.opacity;
  if (params.heat != 0u) {
    color = heat(t.x);
    opacity *= t.x;
  }
  if (params.overWidth > 0u) { color = mix(picture(image, at), color, opacity); }
  if (params.outline == 0u) { return vec4f(color, 1.0); }
  let step = vec2f(1.0) / params.tile;
  var inside = true;  // all around
  for (var side = 0u; side < 4u; side++) {
    let away = select(vec2f(step.x, 0.0), vec2f(0.0, step.y), side >= 2u) * select(1.0, -1.0, (side & 1u) == 1u);
    inside = inside && activation(image, at + away, channel) > tile.level;
  }
  if (here <= tile.level) { return vec4f(color * 0.5, 1.0); }
  return vec4f(select(vec3f(1.0, 1.0, 0.0), color, inside), 1.0);
}
`;

const PARAMS_BYTES = 80;
const TILE_BYTES = 20;

/** What drawing needs on a device. */
interface Tools {
  readonly module: GPUShaderModule;
  readonly pipelines: Map<GPUTextureFormat, GPURenderPipeline>;
  readonly params: GPUBuffer;
  readonly tiles: GPUBuffer;
  readonly colors: GPUBuffer;
}
const toolsOf = new WeakMap<GPUDevice, Tools>();

/**
 * Draws tiles in one pass, the first at the top left; what else is on the surface goes.
 * @param more what to record behind it, for the same submit
 */
export function drawTiles(
  device: Device,
  surface: Surface,
  drawing: Drawing,
  tiles: readonly Tile[],
  grid: Grid,
  more: (encoder: GPUCommandEncoder) => void = () => {},
): void {
  device.check();
  const { gpu } = device;
  const tools = toolsFor(gpu);
  gpu.queue.writeBuffer(tools.params, 0, paramsOf(surface, drawing, tiles, grid));
  gpu.queue.writeBuffer(tools.tiles, 0, rowsOf(tiles));
  const { map, over } = drawing;
  const pipeline = pipelineFor(gpu, tools, surface.format);
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [tools.params, map.buffer, tools.tiles, tools.colors, (over?.picture ?? map).buffer].map(
      (buffer, binding) => ({ binding, resource: { buffer } }),
    ),
  });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginRenderPass({
    colorAttachments: [{ view: surface.view, loadOp: "clear", storeOp: "store" }],
  });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.draw(4, tiles.length);
  pass.end();
  more(encoder);
  gpu.queue.submit([encoder.finish()]);
}

function rowsOf(tiles: readonly Tile[]): ArrayBuffer {
  const rows = new ArrayBuffer(TILE_BYTES * tiles.length);
  const [whole, real] = [new Int32Array(rows), new Float32Array(rows)];
  tiles.forEach(({ image, channel, range, level = 0 }, i) => {
    whole.set([image, channel], 5 * i);
    real.set([...range, level], 5 * i + 2);
  });
  return rows;
}

function paramsOf(surface: Surface, drawing: Drawing, tiles: readonly Tile[], grid: Grid): ArrayBuffer {
  const { map, colors, smooth, over, cover } = drawing;
  const [, height = 1, width = 1, channels = 1] = map.shape;
  const [, overHeight = 0, overWidth = 0, overChannels = 0] = over?.picture.shape ?? [];
  const block = new ArrayBuffer(PARAMS_BYTES);
  const outline = tiles.some(({ level }) => level !== undefined);
  const flags = [Number(colors === "heat"), Number(smooth), grid.columns, Number(outline)];
  new Uint32Array(block).set([height, width, channels, overHeight, overWidth, overChannels, 0, 0, ...flags]);
  const real = new Float32Array(block);
  real[6] = over?.opacity ?? 1;
  real.set([grid.width, grid.height, surface.width, surface.height, cover[1], cover[0]], 12);
  return block;
}

function toolsFor(gpu: GPUDevice): Tools {
  const known = toolsOf.get(gpu);
  if (known) return known;
  const buffer = (label: string, size: number, usage: number): GPUBuffer =>
    gpu.createBuffer({ label, size, usage: usage | BUFFER.COPY_DST });
  const heat = heatColors();
  const words = Uint32Array.from({ length: heat.length / 3 }, (_, i) => {
    const [red, green, blue] = heat.subarray(3 * i) as unknown as [number, number, number];
    return red | (green << 8) | (blue << 16);
  });
  const tools = {
    module: gpu.createShaderModule({ label: "show", code: SHADER }),
    pipelines: new Map(),
    params: buffer("show", PARAMS_BYTES, BUFFER.UNIFORM),
    tiles: buffer("tiles", TILE_BYTES * MAX_TILES, BUFFER.STORAGE),
    colors: buffer("colours", words.byteLength, BUFFER.STORAGE),
  };
  gpu.queue.writeBuffer(tools.colors, 0, words);
  toolsOf.set(gpu, tools);
  return tools;
}

function pipelineFor(gpu: GPUDevice, tools: Tools, format: GPUTextureFormat): GPURenderPipeline {
  const known = tools.pipelines.get(format);
  if (known) return known;
  const pipeline = gpu.createRenderPipeline(described(tools, format));
  tools.pipelines.set(format, pipeline);
  return pipeline;
}

const described = ({ module }: Tools, format: GPUTextureFormat): GPURenderPipelineDescriptor => ({
  label: "show",
  layout: "auto",
  vertex: { module, entryPoint: "corner" },
  fragment: { module, entryPoint: "pixel", targets: [{ format }] },
  primitive: { topology: "triangle-strip" },
});

/**
 * Compiles what draws on surfaces of a format beside everything else, for `drawTiles` to find: else
 * the first picture waits for it. What fails here fails there again, where it is said.
 */
export async function prepareDrawing({ gpu, adapter }: Device, format: GPUTextureFormat): Promise<void> {
  const tools = toolsFor(gpu);
  if (tools.pipelines.has(format)) return;
  try {
    const make = () => gpu.createRenderPipelineAsync(described(tools, format));
    const pipeline = await waitable(make, adapter.software);
    if (!tools.pipelines.has(format)) tools.pipelines.set(format, pipeline);
  } catch {}
}
