import {
  type Activation,
  isStyle,
  kronecker,
  type Network,
  type Operation,
  type Sampling,
  type Shape,
  SLOPE,
  type Value,
} from "../networks/operations.ts";
import { Float, type OnnxGraph } from "./onnx.ts";
import { count, quantiles } from "./onnx-statistics.ts";

/**
 * Writes a network down in ONNX and returns its output's name. Maps are channels last; what ONNX
 * knows channels first only is transposed there and back, and the optimiser removes the
 * transpositions.
 */
export function write(graph: OnnxGraph, { input, output, operations }: Network, x: string): string {
  const names = new Map<Value, string>([[input, x]]);
  for (const operation of operations) {
    const outputs = append(
      graph,
      operation,
      operation.inputs.map((value) => names.get(value)!),
    );
    for (const [i, value] of operation.outputs.entries()) names.set(value, outputs[i]!);
  }
  return names.get(output)!;
}

function append(graph: OnnxGraph, operation: Operation, inputs: readonly string[]): readonly string[] {
  const x = inputs[0]!;
  if (isStyle(operation)) throw new Error("No case needs this of onnxruntime-web.");
  const [n, height, , channels] = operation.inputs[0]!.shape;
  const [output] = operation.outputs as readonly [Value];
  switch (operation.op) {
    case "pixelnorm": {
      const mean = graph.node("ReduceMean", [graph.node("Mul", [x, x])], { axes: [-1], keepdims: 1 });
      const epsilon = graph.constant([1], new Float32Array([1e-8]));
      return [graph.node("Div", [x, graph.node("Sqrt", [graph.node("Add", [mean, epsilon])])])];
    }
    case "upsample": {
      const scales = graph.constant([4], new Float32Array([1, 2, 2, 1]));
      return [graph.node("Resize", [x, "", scales])];
    }
    case "dense": {
      const weight = graph.constant([channels, operation.bias.length], operation.weight);
      const bias = graph.constant([operation.bias.length], operation.bias);
      const row = graph.node("Reshape", [x, graph.extents([n, channels])]);
      const sum = activate(graph, graph.node("Gemm", [row, weight, bias]), "leaky");
      return [graph.node("Reshape", [sum, graph.extents(output.shape)])];
    }
    case "conv":
      return [channelsFirst(graph, x, (x) => convolve(graph, x, operation))];
    case "add":
      return [activate(graph, graph.node("Add", inputs), operation.activation)];
    case "concat":
      return [graph.node("Concat", inputs, { axis: 3 })];
    case "split": {
      const sizes = graph.extents(operation.outputs.map(({ shape }) => shape[3]));
      return graph.nodes("Split", [x, sizes], operation.outputs.length, { axis: 3 });
    }
    case "resize":
      return [resize(graph, x, operation.inputs[0]!.shape, output.shape, operation.sampling)];
    case "maxpool":
      return [
        channelsFirst(graph, x, (x) =>
          graph.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
        ),
      ];
    case "avgpool": {
      const square = [operation.size, operation.size];
      return [
        channelsFirst(graph, x, (x) => graph.node("AveragePool", [x], { kernel_shape: square, strides: square })),
      ];
    }
    case "matrixpool": {
      const shape = [output.shape[1] ** 2, height ** 2];
      const matrix = graph.constant(shape, kronecker(operation.matrix, height));
      const pixels = graph.node("Reshape", [x, graph.extents([n, height ** 2, channels])]);
      return [graph.node("Reshape", [graph.node("MatMul", [matrix, pixels]), graph.extents(output.shape)])];
    }
    case "count": {
      const to = [n, operation.size, operation.size, channels] as const;
      return [count(graph, resize(graph, x, operation.inputs[0]!.shape, to, "half-pixel"), operation)];
    }
    case "quantiles":
      return [quantiles(graph, x, operation)];
    case "edit":
    case "probability":
      throw new Error("No case needs this of onnxruntime-web.");
  }
}

/**
 * Bilinear along one axis, then the other. onnxruntime-web's kernel takes the last two dimensions
 * for height and width (1.30 answers wrongly for channels last), and between two transpositions it
 * took ten times longer on SwiftShader. So rows are resized in a view [n, 1, h, w · c], columns in
 * [n, H, w, c].
 */
function resize(graph: OnnxGraph, x: string, from: Shape, to: Shape, sampling: Sampling): string {
  const [n, height, width, channels] = from;
  const [, outHeight, outWidth] = to;
  const along = (x: string, from: Shape, to: Shape): string =>
    graph.node("Resize", [graph.node("Reshape", [x, graph.extents(from)]), "", "", graph.extents(to)], {
      mode: "linear",
      coordinate_transformation_mode: sampling === "corner" ? "asymmetric" : "half_pixel",
    });
  const rows = along(x, [n, 1, height, width * channels], [n, 1, outHeight, width * channels]);
  return along(rows, [n, outHeight, width, channels], [n, outHeight, outWidth, channels]);
}

function convolve(graph: OnnxGraph, x: string, operation: Extract<Operation, { op: "conv" }>): string {
  const { weight, bias, kernel, stride, dilation, groups, pad, activation } = operation;
  const out = bias.length;
  const shape = [out, weight.length / (out * kernel ** 2), kernel, kernel];
  const sum = graph.node("Conv", [x, graph.constant(shape, weight), graph.constant([out], bias)], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    group: groups,
    pads: pad,
  });
  return activate(graph, sum, activation);
}

function channelsFirst(graph: OnnxGraph, x: string, work: (x: string) => string): string {
  const y = work(graph.node("Transpose", [x], { perm: [0, 3, 1, 2] }));
  return graph.node("Transpose", [y], { perm: [0, 2, 3, 1] });
}

function activate(graph: OnnxGraph, x: string, activation: Activation): string {
  if (activation === "none") return x;
  return activation === "relu" ? graph.node("Relu", [x]) : graph.node("LeakyRelu", [x], { alpha: new Float(SLOPE) });
}
