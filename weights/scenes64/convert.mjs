// Writes this folder's float16 files from the published layout (generator.pth, segmenter/*.pth, labels.json):
//   npm run build && node weights/scenes64/convert.mjs FOLDER
import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeFloat16, openCheckpoint, writeSafetensors } from "../../dist/index.js";

const from = process.argv[2];
const here = new URL("./", import.meta.url);

async function halves(files) {
  const tensors = {};
  for (const [prefix, path] of Object.entries(files)) {
    const { tensors: read } = await openCheckpoint(await readFile(join(from, path)));
    for (const [name, tensor] of read) {
      if (name.endsWith("num_batches_tracked")) continue;
      // Statistics span more than half precision does well, and they are few: batch norms stay float32.
      const small = tensor.shape.length === 1;
      const data = await tensor.read();
      tensors[prefix + name] = small
        ? { dtype: "float32", shape: tensor.shape, data }
        : { dtype: "float16", shape: tensor.shape, data: encodeFloat16(data) };
    }
  }
  return tensors;
}

async function write(name, bytes) {
  await writeFile(new URL(name, here), bytes);
  console.log(`${createHash("sha256").update(bytes).digest("hex")}  ${name}`);
}

const license = { license: "CC0-1.0" };
await write("generator.safetensors", writeSafetensors(await halves({ "": "generator.pth" }), license));
await write(
  "segmenter.safetensors",
  writeSafetensors(
    await halves({ "encoder.": "segmenter/encoder_epoch_1.pth", "decoder.": "segmenter/decoder_epoch_1.pth" }),
    license,
  ),
);
await copyFile(join(from, "segmenter/labels.json"), new URL("labels.json", here));
