// Run by deno, whose WebGPU is wgpu with the shader compiler naga. Takes [{ name, code }] on stdin
// and writes { features, answers: [{ name, error }] }: what the adapter offers, and what naga says
// of each, or null. Names go to stderr as their turn comes.
const adapter = await navigator.gpu?.requestAdapter();
if (!adapter) throw new Error("deno found no WebGPU adapter");
const device = await adapter.requestDevice();

async function compile(code) {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  return (await device.popErrorScope())?.message ?? null;
}

const answers = [];
for (const { name, code } of JSON.parse(await new Response(Deno.stdin.readable).text())) {
  console.error(name);
  answers.push({ name, error: await compile(code).catch((error) => String(error)) });
}
console.log(JSON.stringify({ features: [...adapter.features], answers }));
Deno.exit(0);
