// What the adapter can do at most, measured in the run that is judged by it: a copy that moves more
// bytes than caches hold, and multiply-adds on nothing but registers.

export interface Ceilings {
  /** Multiply-adds, two operations each: 10⁹ a second. */
  readonly gflops: number;
  /** Bytes read and written: 10⁹ a second. */
  readonly gbps: number;
}

/** Bytes of each of the copy's two buffers, where the device binds so many. */
const COPIED = 128 * 2 ** 20;
const COPY = /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  y[at] = x[at];
}`;

/**
 * Invocations of the multiply-adds, and the operations of each round of one: eight vec4s, four
 * times, multiplied and added.
 */
const LANES = 2 ** 20;
const ROUND = 8 * 4 * 4 * 2;
/**
 * Contracted by the compiler or by name: whichever is faster here. Eight sums that wait for nobody
 * hide the latency.
 */
const multiplyAdds = (step: (sum: string) => string): string => /* wgsl */ `
@group(0) @binding(0) var<storage, read> rounds: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = vec4f(0.999 + 1e-9 * f32(id.x));
  let b = vec4f(1e-3);
  ${each((s) => `var s${s} = vec4f(f32(id.x + ${s}u));`)}
  for (var i = 0u; i < rounds[0]; i++) {
    ${each((s) => step(`s${s}`)).repeat(4)}
  }
  y[id.x] = ${Array.from({ length: 8 }, (_, s) => `s${s}`).join(" + ")};
}`;
const each = (line: (s: number) => string): string => Array.from({ length: 8 }, (_, s) => line(s)).join(" ");

/** The device's ceilings. */
export async function measureCeilings(device: GPUDevice): Promise<Ceilings> {
  const size = Math.min(COPIED, device.limits.maxStorageBufferBindingSize);
  const buffers = [buffer(device, size), buffer(device, size)] as const;
  const groups = size / 16 / 64;
  const copy = await kernel(device, COPY, buffers, [Math.min(groups, 32768), Math.ceil(groups / 32768), 1]);
  const bytes = 2 * size;
  const gbps = bytes / (await shortest(device, copy)) / 1e6;
  const rounds = buffer(device, 16);
  let gflops = 0;
  for (const step of [(s: string) => `${s} = ${s} * a + b;`, (s: string) => `${s} = fma(${s}, a, b);`]) {
    const add = await kernel(device, multiplyAdds(step), [rounds, buffers[1]], [LANES / 64, 1, 1]);
    // Long enough that the launch does not count.
    let count = 1;
    let ms = 0;
    for (; ms < 20 && count < 2 ** 20; count *= 4) {
      device.queue.writeBuffer(rounds, 0, Uint32Array.of(count));
      ms = await shortest(device, add);
      gflops = Math.max(gflops, (LANES * ROUND * count) / ms / 1e6);
    }
  }
  for (const made of [...buffers, rounds]) made.destroy();
  return { gflops, gbps };
}

function buffer(device: GPUDevice, size: number): GPUBuffer {
  return device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
}

async function kernel(
  device: GPUDevice,
  code: string,
  buffers: readonly GPUBuffer[],
  grid: readonly [number, number, number],
): Promise<(times: number) => void> {
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return (times) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < times; i += 1) pass.dispatchWorkgroups(...grid);
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
}

/** Milliseconds of one dispatch: the shortest of five samples of at least 20 ms. */
async function shortest(device: GPUDevice, dispatch: (times: number) => void): Promise<number> {
  const sample = async (times: number): Promise<number> => {
    const start = performance.now();
    dispatch(times);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / times;
  };
  await sample(1);
  const times = Math.min(1000, Math.ceil(20 / (await sample(1))));
  const samples: number[] = [];
  for (let i = 0; i < 5; i += 1) samples.push(await sample(times));
  return Math.min(...samples);
}
