import { denseEdit } from "../kernels/edit/dense.ts";
import { type EditOptions, type EditValues, edit } from "../kernels/edit/edit.ts";
import { picture } from "../kernels/maps/picture.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { layerOf } from "./layer-of.ts";
import { recorded } from "./recording.ts";
import type { State } from "./state.ts";

/** What a network is given, such as z or an image. */
export interface NetworkInput {
  /** By which it is given, such as "z" or "image". */
  readonly name: string;
  /** Of one image; a vector has height and width 1. */
  readonly height: number;
  /** Of one image. */
  readonly width: number;
  /** Channels, without padding; of a vector its length, of a class how many there are. */
  readonly channels: number;
  /**
   * How values are drawn that nobody gives. "normal": image i of a seed is row i of NumPy's
   * RandomState(seed).standard_normal (spec §1.6); "normal-by-seed": it is the first row of
   * RandomState(seed + i), as NVIDIA's scripts draw for StyleGANs; "class": one class of
   * `channels`, as a one at its place among zeros.
   */
  readonly draw?: "normal" | "normal-by-seed" | "class";
  /** Names of the classes, where they have some. */
  readonly classes?: readonly string[];
}

/** What can be retained and edited, mostly a feature map, which can be dissected too. */
export interface LayerInfo {
  /** By which it is asked for, such as "layer4". */
  readonly name: string;
  /** Units, without padding. */
  readonly channels: number;
  /** Rows of its map; 1 of a vector. */
  readonly height: number;
  /** Columns of its map; 1 of a vector. */
  readonly width: number;
  /** Of the image as a whole, such as w or a style: it has no place there to agree with. */
  readonly vector?: true;
  /** Options of loading that say how it is made: of what starts from it, they decide nothing. */
  readonly settles?: readonly string[];
}

/** How an image's numbers are to be seen. */
export interface Picture {
  /**
   * What numbers mean. "-1..1" (nominally) and "0..1" are brightness, of one channel (grey), three
   * (RGB) or four (RGB and opacity, over white); "tiles" are scores of the kinds of tiles that a
   * level is made of, a channel each, of which the largest wins.
   */
  readonly range: "-1..1" | "0..1" | "tiles";
  /** [height, width] that count from the top left corner; all unless given. */
  readonly crop?: readonly [number, number];
  /** Names of tiles. */
  readonly labels?: readonly string[];
}

/** What a network makes. */
export interface NetworkOutput extends LayerInfo, Partial<Picture> {
  /**
   * "image": RGB, nominally in [−1, 1], as it is looked at; "raw": the numbers that the image is
   * made of, which are what `range` says; "logits": a number for each label at every pixel.
   */
  readonly kind: "image" | "raw" | "logits";
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
  /** What dense edits were composed to, [2, h, w, c]; see `denseEdit`. */
  readonly dense: ReadonlyMap<string, Value>;
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
  /** The tensors it is made of, by the names that its architecture uses. */
  readonly state: State;
  /** What it is given. */
  readonly inputs: readonly NetworkInput[];
  /** In the order in which they are computed. */
  readonly layers: readonly LayerInfo[];
  /** What it makes. */
  readonly outputs: readonly NetworkOutput[];
  /** What it was made of, where it was written down as data (docs/generators.md). */
  readonly description?: object;
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
  /** What is appended to. */
  readonly graph: Graph;
  /** The checkpoint's tensors, by the names that the architecture uses. */
  readonly state: State;
  /** Images at once. */
  readonly batch: number;
  /** The layer that is given: what makes it is not asked. */
  readonly from: string | undefined;
  /** A value that is given; a vector unless it has extents. */
  input(input: Pick<NetworkInput, "name" | "channels"> & Partial<NetworkInput>): Lazy;
  /**
   * A layer [n, h, w, c]: what the result makes is what was made here, edited. It is a vector if
   * said so, or "of one place" if its height and width turn out to be 1.
   */
  layer(
    name: string,
    make: Lazy,
    about?: Pick<LayerInfo, "settles"> & {
      /** Of the image as a whole; no unless given. */
      readonly vector?: boolean | "of one place";
    },
  ): Lazy;
  /**
   * What the network makes. An image is RGB, nominally in [−1, 1], unless `about` says otherwise;
   * its own numbers are then an output "raw" beside it.
   */
  output(name: string, kind: "image" | "logits", make: Lazy, about?: Picture): void;
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
  /** Says inputs, layers and outputs; called anew for every graph, and says the same each time. */
  build(build: Build): void;
}

/** Made when it is first asked for, and the same from then on. */
export const once = <T extends object>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

/** What makes an output. */
interface Maker extends Pick<NetworkOutput, "kind"> {
  readonly make: Lazy;
  readonly about?: Picture;
}

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
  const told = new Map<string, Pick<LayerInfo, "vector" | "settles">>();
  const makers = new Map<string, Maker>();
  const inputs = new Map<string, Value>();
  const layers = new Map<string, Value>();
  const edits = new Map<string, EditValues>();
  const dense = new Map<string, Value>();
  const take = (input: Pick<NetworkInput, "name" | "height" | "width" | "channels">): Value => {
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
    batch,
    from: from?.name,
    input(about) {
      const input = { height: 1, width: 1, ...about };
      fresh(input.name);
      given.push(input);
      return once(() => take(input));
    },
    layer(name, make, { vector, settles } = {}) {
      fresh(name);
      const before = once(() => {
        const value = name === from?.name ? take(from) : make();
        const [, height, width] = value.shape;
        const isVector = vector === true || (vector === "of one place" && height === 1 && width === 1);
        told.set(name, { ...(isVector && { vector: true }), ...(settles && { settles }) });
        layers.set(name, value);
        return value;
      });
      raw.set(name, before);
      return once(() => {
        const value = before();
        const how = options.edit?.get(name);
        if (!how) return value;
        if (how.dense) {
          const { y, composed } = denseEdit(graph, value);
          dense.set(name, composed);
          return y;
        }
        const edited = edit(graph, value, how);
        edits.set(name, edited.values);
        return edited.y;
      });
    },
    output(name, kind, make, about = { range: "-1..1" }) {
      fresh(name);
      if (kind === "logits") return void makers.set(name, { kind, make });
      fresh("raw");
      const raw = once(make);
      makers.set(name, { kind, make: () => picture(graph, raw(), about) });
      makers.set("raw", { kind: "raw", make: raw, about });
    },
  });
  return { given, raw, told, makers, inputs, layers, edits, dense };
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
    const { given, raw, told, makers, layers } = describe(architecture, new Graph("gpu"), asked, 1, {});
    const made = [...makers].map(([output, maker]) => ({ ...maker, output, value: maker.make() }));
    // Layers that no output reads, such as those of sizes that a growing network does not make yet,
    // change nothing; their tensors belong to the file all the same. Without outputs all are asked
    // for.
    const reached = made.length > 0 ? [...layers] : undefined;
    for (const make of raw.values()) make();
    const outputs = made.map(({ output, value, kind, about }) => {
      const layer = [...layers.keys()].find((known) => layers.get(known) === value);
      return { ...infoOf(output, value), kind, layer, ...about };
    });
    const infos = (reached ?? [...layers]).map(([layer, value]) => ({ ...infoOf(layer, value), ...told.get(layer) }));
    return { inputs: given, layers: infos, outputs };
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
        if (layer !== undefined) layerOf({ name: described, layers: told.layers }, layer);
      }
      const { raw, makers, inputs, layers, edits, dense } = describe(architecture, graph, state, batch, options, start);
      const outputs = new Map<string, Value>();
      if (until !== undefined) raw.get(until)!();
      else for (const [output, { make }] of makers) if (!wanted || wanted.has(output)) outputs.set(output, make());
      return { inputs, layers, edits, dense, outputs };
    },
  };
}
