import { WeightsError } from "../errors.ts";
import { latin1, starts } from "./sniff.ts";

// Tests: test/weights/checkpoint.test.ts

const DOWNLOAD_LINK = "Check the address: use the link that downloads the file itself, not the page that shows it.";
const RESAVE = "In Python, load it and save the state dict: torch.save(model.state_dict(), path).";

/** What people load by mistake: how it looks, what it is, what to do. First match counts. */
const IMPOSTORS: readonly { looks: (head: Uint8Array, text: string) => boolean; what: string; fix: string }[] = [
  {
    looks: (_, text) => text.startsWith("version https://git-lfs"),
    what: "a Git LFS pointer, not the file it points to",
    fix: "Run `git lfs pull`, or use the link that downloads the file itself (on GitHub: media.githubusercontent.com).",
  },
  { looks: (_, text) => /^<(!doctype html|html|head|body|!--)/.test(text), what: "an HTML page", fix: DOWNLOAD_LINK },
  {
    looks: (_, text) => text.startsWith("<?xml"),
    what: "an XML document, perhaps a storage server's error message",
    fix: DOWNLOAD_LINK,
  },
  {
    looks: (head) => starts(head, 0x1f, 0x8b),
    what: "compressed with gzip",
    fix: "Unpack it first: gunzip, or tar -xzf.",
  },
  { looks: (head) => starts(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a), what: "compressed with xz", fix: "Unpack it first." },
  { looks: (head) => starts(head, 0x42, 0x5a, 0x68), what: "compressed with bzip2", fix: "Unpack it first." },
  { looks: (head) => starts(head, 0x28, 0xb5, 0x2f, 0xfd), what: "compressed with zstd", fix: "Unpack it first." },
  {
    looks: (head) => latin1(head.subarray(257, 262)) === "ustar",
    what: "a tar archive (perhaps weights saved before PyTorch 0.2)",
    fix: `Unpack it, or if it is one checkpoint: ${RESAVE}`,
  },
  {
    looks: (head) => starts(head, 0x89, 0x48, 0x44, 0x46),
    what: "HDF5 (Keras .h5)",
    fix: "Convert it to safetensors or .npz in Python.",
  },
  {
    looks: (head) => latin1(head.subarray(0, 4)) === "GGUF",
    what: "GGUF",
    fix: "Convert it to safetensors in Python.",
  },
  {
    looks: (head) =>
      starts(head, 0x89, 0x50, 0x4e, 0x47) ||
      starts(head, 0xff, 0xd8, 0xff) ||
      /^(GIF8|RIFF....WEBP)/s.test(latin1(head)),
    what: "an image",
    fix: "Give the file of the network's weights.",
  },
  {
    looks: (head) => /^(\([dl]p\d+\r?\n|c[\w.]+\r?\n\w+\r?\n|[}\]]q)/.test(latin1(head)),
    what: "a pickle of protocol 0 or 1",
    fix: "In Python, write it again: pickle.dump(object, file, protocol=4).",
  },
  {
    looks: (_, text) => /^[{[]/.test(text),
    what: "JSON",
    fix: "Load the weights that it belongs to.",
  },
];

/**
 * What to say of a file that is no checkpoint: what it looks like instead.
 * @param head its first SNIFF_BYTES, or all there are
 * @param size of the whole file, in bytes
 */
export function noCheckpoint(head: Uint8Array, size: number, name: string): WeightsError {
  if (size === 0) return new WeightsError("weights-format", `${name} is empty.`, "Download or copy the file again.");
  const text = latin1(head).replace(/^ï»¿/, "").trimStart().toLowerCase();
  const impostor = IMPOSTORS.find(({ looks }) => looks(head, text));
  if (impostor) {
    return new WeightsError(
      "weights-format",
      `${name} is no checkpoint: it looks like ${impostor.what}.`,
      impostor.fix,
    );
  }
  const bytes = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return new WeightsError(
    "weights-format",
    `${name} is no checkpoint that is known here; it begins with ${bytes}.`,
    "Give a .pth file of torch.save, a .pkl of NVIDIA's, .safetensors, .npz, .npy, .onnx or a manifest of TensorFlow.js.",
  );
}
