// Writes this folder's files from MOSAIC as a plain list of operations (graph.json, weights_f16.bin; see README.md):
//   npm run build && node weights/mosaic-ade20k32/convert.mjs FOLDER
import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSafetensors } from "../../dist/index.js";

const from = process.argv[2];
const here = new URL("./", import.meta.url);
const graph = JSON.parse(await readFile(join(from, "graph.json"), "utf8"));
const weights = await readFile(join(from, "weights_f16.bin"));

/** Names without what TensorFlow's exporter and the batch norms left in them. */
const short = (name) =>
  name
    .replace(/_(BatchNorm_FusedBatchNormV3|batch_normalization_batchnorm_add_1|depthwisex)(?=_cast)/, "")
    .replace(/_cast(?=$|_\d$)/, "")
    .replace(/^MobilenetV3_/, "encoder.")
    .replace("spatial_pyramid_pooling_multikernel_conv_spatial_pyramid_pooling_multikernel_", "pyramid.")
    .replace("spatial_pyramid_pooling_multikernel_conv_", "pyramid.")
    .replace(/^decoder_(decoder_)?/, "decoder.")
    .replace("_channel_first_resize_bilinear", "");

const inputsOf = (op) => op.inputs ?? [op.input];
const users = (name) => graph.ops.filter((op) => inputsOf(op).includes(name));
const extents = new Map([["input", 512]]);
const operations = [];
const tensors = {};
/** Results that became part of another operation, by the name under which that keeps them. */
const merged = new Map();
const known = (name) => merged.get(name) ?? (name === "input" ? name : short(name));
const last = (name) => operations.find(({ to }) => to === known(name));

function tensor(key, as, depthwise) {
  const { shape, offset, bytes } = graph.tensors[key];
  const data = new Uint16Array(weights.buffer.slice(weights.byteOffset + offset, weights.byteOffset + offset + bytes));
  if (depthwise && shape[1] !== 1) throw new Error(`${key} is [${shape}].`);
  tensors[as] = { dtype: "float16", shape, data };
}

for (const op of graph.ops) {
  const x = op.input && known(op.input);
  const edge = extents.get(op.input ?? op.inputs[0]);
  for (const name of op.names ?? [op.name]) extents.set(name, edge);
  const to = op.name && short(op.name);
  if (op.op === "conv") {
    const depthwise = op.groups > 1;
    tensor(op.weight, `${to}.weight`, depthwise);
    tensor(op.bias, `${to}.bias`);
    extents.set(op.name, Math.ceil(edge / op.stride));
    operations.push({
      op: depthwise ? "depthwise" : "conv",
      x,
      to,
      filter: to,
      ...(op.stride > 1 && { stride: op.stride }),
      ...(op.dilation > 1 && { dilation: op.dilation }),
      pad: "same",
    });
  } else if (op.op === "relu") {
    if (users(op.input).length > 1) throw new Error(`${op.input} is used before its ReLU.`);
    last(op.input).activation = "relu";
    merged.set(op.name, known(op.input));
  } else if (op.op === "add") {
    // Into the operation that made one of the terms last: nobody else wants that one.
    const [late, early] = [...op.inputs].sort(
      (a, b) => operations.indexOf(last(b)) - operations.indexOf(last(a)),
    );
    const maker = last(late);
    if (users(late).length > 1 || maker.activation || maker.add) throw new Error(`${late} cannot take an addend.`);
    maker.add = known(early);
    merged.set(op.name, known(late));
  } else if (op.op === "avg_pool") {
    operations.push({ op: "average", x, to, size: op.k });
    extents.set(op.name, edge / op.k);
  } else if (op.op === "split") {
    // In halves; how many channels that is, their users' weights say below.
    op.names.forEach((name, half) => operations.push({ op: "slice", x, to: short(name), first: half, channels: 0 }));
  } else if (op.op === "concat") {
    operations.push({ op: "concat", parts: op.inputs.map(known), to });
  } else if (op.op === "resize_bilinear" && op.size[0] < 512) {
    const like = [...extents].filter(([name, size]) => size === op.size[0] && last(name)).map(([name]) => known(name))[0];
    operations.push({ op: "resize", x, to, like, sampling: "corner" });
    extents.set(op.name, op.size[0]);
  }
}
for (const step of operations.filter(({ op }) => op === "slice")) {
  const user = operations.find(({ x }) => x === step.to);
  step.channels = tensors[`${user.filter}.weight`].shape[0];
  step.first *= step.channels;
}

const list = { architecture: "MOSAIC, multi-hardware MobileNet", sampling: "corner", operations };
const bytes = writeSafetensors(tensors, { license: "Apache-2.0", "ganatomy.operations": JSON.stringify(list) });
await writeFile(new URL("segmenter.safetensors", here), bytes);
console.log(`${createHash("sha256").update(bytes).digest("hex")}  segmenter.safetensors`);
const labels = {
  imageformat: { byteorder: "RGB", mean: [0.5, 0.5, 0.5], stdev: [0.5, 0.5, 0.5] },
  categories: [{ name: "object" }],
  labels: graph.classes.map((name, index) => ({ name: index === 0 ? "-" : name, category: "object" })),
  segsizes: [512],
};
await writeFile(new URL("labels.json", here), `${JSON.stringify(labels, null, 1)}\n`);
await copyFile(join(from, "LICENSE.md"), new URL("LICENSE.md", here));
