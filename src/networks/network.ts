import { UsageError } from "../errors.ts";
import { type EditOptions, type EditValues, edit } from "../kernels/edit/edit.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { recorded } from "./recording.ts";
import type { State } from "./state.ts";

/** What a network is given, such as z or an image. */
export interface NetworkInput {
  readonly name: string;
  /** Of one image; a vector has height and width 1. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /**
   * How values are drawn that nobody gives: "normal" is a row of NumPy's
   * RandomState(seed).standard_normal (spec §1.6).
   */
  readonly draw?: "normal";
}

/** A feature map that can be retained, thresholded and edited. */
export interface LayerInfo {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** What a network makes. */
export interface NetworkOutput extends LayerInfo {
  /** "image": RGB, nominally in [−1, 1]; "logits": a number for each label at every pixel. */
  readonly kind: "image" | "logits";
  /** The layer that this is, where it is one. */
  readonly layer: string | undefined;
}

/** Which part of a network is appended to a graph, and what can be changed in it. */
export interface AppendOptions {
  /** Layers to intervene in, and how. */
  readonly edit?: ReadonlyMap<string, EditOptions>;
  /**
   * Start behind this layer: its features (before any edit) are an input, and what only they need
   * is left out.
   */
  readonly from?: string;
  /** Stop at this layer: no output is made. */
  readonly until?: string;
  /** Which outputs are made; all unless given. Others cost nothing. */
  readonly outputs?: ReadonlySet<string>;
  /** Values to read inputs from; new ones unless given. */
  readonly inputs?: ReadonlyMap<string, Value>;
}

/** The named values of an appended network. */
export interface NetworkValues {
  /** What is to be given, by name, as far as something needs it: inputs, and the layer `from`. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Layers [n, h, w, c] before any edit, as far as they are computed or given. */
  readonly layers: ReadonlyMap<string, Value>;
  /** The changeable numbers of the edits. */
  readonly edits: ReadonlyMap<string, EditValues>;
  /** [n, h, w, c] */
  readonly outputs: ReadonlyMap<string, Value>;
}

/**
 * A network: what goes in, what is between, what comes out, and how to append it to a graph. It
 * needs no device.
 */
export interface Network {
  /** What it is, for people: "Progressive GAN". */
  readonly architecture: string;
  readonly state: State;
  readonly inputs: readonly NetworkInput[];
  /** In the order in which they are computed. */
  readonly layers: readonly LayerInfo[];
  readonly outputs: readonly NetworkOutput[];
  /** Appends the network, or the part of it that is asked for, for `batch` images. */
  append(graph: Graph, batch: number, options?: AppendOptions): NetworkValues;
}

/** A value that is computed when something first asks for it. */
export type Lazy = () => Value;

/**
 * What an architecture describes itself with. Each value is a function that makes it when another
 * asks: so a part of the network, from a layer on or up to one, is what is reached from what is
 * wanted.
 */
export interface Build {
  readonly graph: Graph;
  readonly state: State;
  /** A value that is given. */
  input(input: NetworkInput): Lazy;
  /** A layer [n, h, w, c]: what the result makes is what was made here, edited. */
  layer(name: string, make: Lazy): Lazy;
  output(name: string, kind: NetworkOutput["kind"], make: Lazy): void;
}

/**
 * An architecture: a network written as a function that appends to a graph. It is called anew for
 * every graph.
 */
export interface Architecture {
  /** What it is, for people. */
  readonly name: string;
  /** The network with its article for messages; "a " + name unless given. */
  readonly described?: string;
  /** Tensors that may be in the file without being used, such as counters of training. */
  readonly ignored?: (key: string) => boolean;
  build(build: Build): void;
}

const once = (make: Lazy): Lazy => {
  let made: Value | undefined;
  return () => (made ??= make());
};

/** One pass over an architecture's description for one graph. */
function describe(
  architecture: Architecture,
  graph: Graph,
  state: State,
  batch: number,
  options: AppendOptions,
  from?: LayerInfo,
) {
  const given: NetworkInput[] = [];
  const raw = new Map<string, Lazy>();
  const makers = new Map<string, { readonly kind: NetworkOutput["kind"]; readonly make: Lazy }>();
  const inputs = new Map<string, Value>();
  const layers = new Map<string, Value>();
  const edits = new Map<string, EditValues>();
  const take = (input: Omit<NetworkInput, "draw">): Value => {
    const { name, height, width, channels } = input;
    const value = options.inputs?.get(name) ?? graph.map(name, batch, height, width, channels);
    inputs.set(name, value);
    return value;
  };
  const named = new Set<string>();
  const fresh = (name: string): void => {
    if (named.has(name)) throw new Error(`${architecture.name} names two values "${name}".`);
    named.add(name);
  };
  architecture.build({
    graph,
    state,
    input(input) {
      fresh(input.name);
      given.push(input);
      return once(() => take(input));
    },
    layer(name, make) {
      fresh(name);
      const before = once(() => {
        const value = name === from?.name ? take(from) : make();
        layers.set(name, value);
        return value;
      });
      raw.set(name, before);
      return once(() => {
        const value = before();
        const how = options.edit?.get(name);
        if (!how) return value;
        const edited = edit(graph, value, how);
        edits.set(name, edited.values);
        return edited.y;
      });
    },
    output(name, kind, make) {
      fresh(name);
      makers.set(name, { kind, make });
    },
  });
  return { given, raw, makers, inputs, layers, edits };
}

/**
 * The network of an architecture and its tensors, built once to see which of them it needs and what
 * it makes.
 * @throws WeightsError naming every missing, mis-shaped and unexpected tensor.
 */
export function networkOf(architecture: Architecture, state: State): Network {
  const infoOf = (name: string, { channels, shape: [, height = 1, width = 1] }: Value): LayerInfo => ({
    name,
    channels,
    height,
    width,
  });
  const { name, described = `a ${name}`, ignored } = architecture;
  const build = (asked: State) => {
    const { given, raw, makers, layers } = describe(architecture, new Graph("gpu"), asked, 1, {});
    const made = [...makers].map(([output, { kind, make }]) => [output, kind, make()] as const);
    for (const make of raw.values()) make();
    const outputs = made.map(([output, kind, value]) => {
      const layer = [...layers.keys()].find((known) => layers.get(known) === value);
      return { ...infoOf(output, value), kind, layer };
    });
    return { inputs: given, layers: [...layers].map(([layer, value]) => infoOf(layer, value)), outputs };
  };
  const told = recorded(described, state, build, ignored);
  return {
    architecture: name,
    state,
    ...told,
    append(graph, batch, options = {}) {
      const { from, until, outputs: wanted } = options;
      const start = told.layers.find((layer) => layer.name === from);
      for (const layer of [...(options.edit?.keys() ?? []), from, until]) {
        if (layer === undefined || told.layers.some((known) => known.name === layer)) continue;
        const known = told.layers.map((info) => info.name).join(", ");
        throw new UsageError(`${described} has no layer "${layer}".`, `Its layers are ${known}.`);
      }
      const { raw, makers, ...values } = describe(architecture, graph, state, batch, options, start);
      const outputs = new Map<string, Value>();
      if (until !== undefined) raw.get(until)!();
      else for (const [output, { make }] of makers) if (!wanted || wanted.has(output)) outputs.set(output, make());
      return { inputs: values.inputs, layers: values.layers, edits: values.edits, outputs };
    },
  };
}
