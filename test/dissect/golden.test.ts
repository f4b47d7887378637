import { dissect, loadGenerator, loadSegmenter } from "../../src/index.ts";
import { toGandissect } from "../../src/report/gandissect.ts";
import { toTensors } from "../../src/report/tensors.ts";
import { requestDevice } from "../gpu.ts";
import { describeGolden, file, type Outcome } from "./golden.ts";

async function inNode(): Promise<Outcome> {
  using device = await requestDevice();
  using generator = await loadGenerator(await file("scenes64/generator.pth"), { device });
  using segmenter = await loadSegmenter(
    {
      encoder: await file("scenes64/segmenter/encoder_epoch_1.pth"),
      decoder: await file("scenes64/segmenter/decoder_epoch_1.pth"),
      labels: await file("scenes64/segmenter/labels.json"),
    },
    { device },
  );
  for await (const event of dissect(generator, segmenter, { layers: ["layer4", "layer6"], size: 100, examples: 8 })) {
    if (event.type === "result") {
      return { report: toGandissect(event.dissection), tensors: toTensors(event.dissection) };
    }
  }
  throw new Error("no result");
}

describeGolden("in Node", inNode);
