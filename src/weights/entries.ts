import { UsageError } from "../errors.ts";
import { cut, PickledObject } from "./pickle-values.ts";
import { isTensor } from "./saved-tree.ts";
import type { Attribute, Checkpoint } from "./tensor.ts";

// Tests: test/weights/pickles.test.ts, test/weights/entries.test.ts

/**
 * What training programs call the generator among what they save, the likeliest first: averages of
 * the weights make better images than the weights of the last step. As `canonical` writes them.
 */
const ENTRIES: readonly string[] = [
  "gema",
  "emag",
  "netgema",
  "emanetg",
  "generatorema",
  "emagenerator",
  "genema",
  "modelema",
  "emamodel",
  "statedictema",
  "paramsema",
  "avgg",
  "gs",
  "grunning",
  "ema",
  "netg",
  "gnet",
  "generator",
  "gmodel",
  "modelg",
  "generatormodel",
  "g",
  "gen",
  "statedict",
  "model",
  "params",
  "gan",
];

/** "net_G", "G_state_dict": what is meant is "netG" and "G". */
function canonical(name: string): string {
  const letters = name.replaceAll(/[_-]/g, "").toLowerCase();
  return letters.replace(/(.)(state(dict)?|weights)$/, "$1");
}

/** How likely a name is the generator's, the likeliest first; −1 for one that tells nothing. */
const rank = (name: string): number => ENTRIES.indexOf(canonical(name));

/** Of names those that may be the generator's, the likeliest first. */
function likely(names: readonly string[]): string[] {
  return names.filter((name) => rank(name) >= 0).sort((a, b) => rank(a) - rank(b));
}

/** Whether that is what judges images, by which a generator beside it is known as one. */
const judges = (name: string): boolean =>
  /^(net|model)?(d|dis|disc|discriminators?|critics?)(ema|net|model)?$/.test(canonical(name));
/** Tensors beside an average that belong to it: rosinality's mean w. */
const BESIDE = ["latent_avg"];

/** A part of what was saved, and what is beside it. */
export interface Chosen {
  /** Its dotted name; undefined when it is all of it. */
  readonly entry: string | undefined;
  readonly value: unknown;
  /** Others that hold tensors. */
  readonly others: readonly string[];
  /** What is around it and holds no tensors, for attributes. */
  readonly beside: Map<unknown, unknown>;
  /** What of a key is still to be found, among the names of tensors. */
  readonly rest: string | undefined;
}

/**
 * The part of a saved object that is the generator, or the only part with tensors.
 * @param key the part that is wanted, by its dotted name
 */
export function chooseEntry(root: unknown, key?: string): Chosen {
  const holders = tensorHolders(root);
  const beside = new Map<unknown, unknown>();
  const others: string[] = [];
  const path: string[] = [];
  let [value, rest] = [root, key];
  while (path.length < MAX_NESTING) {
    const parts = partsOf(value);
    const names = [...parts].filter(([, part]) => holders.has(part)).map(([name]) => name);
    const wanted = names.find((name) => rest === name || rest?.startsWith(`${name}.`));
    const done = key !== undefined && rest === undefined;
    const name = wanted ?? (done ? undefined : preferred(names, parts));
    if (name === undefined) break;
    others.push(...names.filter((each) => each !== name).map((each) => [...path, each].join(".")));
    for (const [each, part] of parts) {
      if (BESIDE.includes(each) || !(isTensor(part) || holders.has(part))) beside.set(each, part);
    }
    path.push(name);
    value = parts.get(name);
    if (wanted !== undefined) rest = rest!.slice(wanted.length + 1) || undefined;
  }
  return { entry: path.length > 0 ? path.join(".") : undefined, value, others, beside, rest };
}

const MAX_NESTING = 4;

/** Which part is meant when nobody says. */
function preferred(names: readonly string[], parts: ReadonlyMap<string, unknown>): string | undefined {
  const known = likely(names);
  const named = known.find((name) => hasNames(parts.get(name)));
  if (named !== undefined || known.length > 0) return named ?? known[0];
  const alone = names.length === 1 && ![...parts.values()].some(isTensor);
  // the only child of a module or network is a part of it
  return alone && !names.some((name) => PART.test(name)) ? names[0] : undefined;
}

/** Whether tensors in it have names: the averages of torch-ema are a bare list. */
function hasNames(root: unknown): boolean {
  const [waiting, seen] = [[root], new Set<unknown>()];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (value instanceof PickledObject) return true;
    if (!(value instanceof Map) || seen.has(value)) continue;
    seen.add(value);
    for (const each of value.values()) {
      if (isTensor(each)) return true;
      waiting.push(each);
    }
  }
  return false;
}

/** Names that are within a network. */
const PART = /^(encoder|decoder|features|main|layers?|blocks?|backbone|head|synthesis|mapping|\d+)$/;

/** Parts of what was saved by name: a dict's, or the networks of a tuple. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (value instanceof Map) {
    return new Map([...value].filter((entry): entry is [string, unknown] => typeof entry[0] === "string"));
  }
  if (!Array.isArray(value)) return new Map();
  // NVIDIA's TensorFlow files: (G, D, Gs), each with its name
  const names = value.length === 3 && value.every((each) => each instanceof PickledObject) ? ["G", "D", "Gs"] : [];
  return new Map(value.slice(0, MAX_TUPLE).map((each, i) => [networkName(each) ?? names[i] ?? String(i), each]));
}

const MAX_TUPLE = 16;

function networkName(value: unknown): string | undefined {
  const name: unknown =
    value instanceof PickledObject && value.state instanceof Map ? value.state.get("name") : undefined;
  return typeof name === "string" && /^\w{1,32}$/.test(name) ? name : undefined;
}

function isContainer(value: unknown): boolean {
  return value instanceof Map || Array.isArray(value) || value instanceof PickledObject;
}

/** The containers from which a tensor can be reached. Each is walked once. */
function tensorHolders(root: unknown): ReadonlySet<unknown> {
  const [waiting, parents, holders] = [[root], new Map<unknown, unknown[]>([[root, []]]), new Set<unknown>()];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    for (const each of insides(value)) {
      if (isTensor(each)) holders.add(value);
      if (!isContainer(each)) continue;
      const known = parents.get(each);
      if (known) known.push(value);
      else {
        parents.set(each, [value]);
        waiting.push(each);
      }
    }
  }
  // A set is walked in the order in which things were added, also those that are added meanwhile.
  for (const holder of holders) for (const parent of parents.get(holder)!) holders.add(parent);
  return holders;
}

function* insides(value: unknown): Iterable<unknown> {
  if (value instanceof Map) yield* value.values();
  else if (Array.isArray(value)) yield* value;
  else if (value instanceof PickledObject) {
    yield value.state;
    yield value.args;
    if (value.entries) yield value.entries;
    if (value.items) yield value.items;
  }
}

/**
 * lucidrains' "GAN" holds everything by prefixes: GE and SE are the averages of G and of the
 * mapping S, which only some have.
 */
function averagesOfGan<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> | undefined {
  const of = (prefix: string): [string, T][] => [...tensors].filter(([name]) => name.startsWith(prefix));
  const [generator, mapping] = [of("GE."), of("SE.")];
  if (generator.length === 0) return undefined;
  if (mapping.length > 0) return new Map([...mapping, ...generator]);
  return new Map(generator.map(([name, tensor]) => [name.slice(3), tensor]));
}

/** The same of a file that knows no entries, only names. */
export function narrowedCheckpoint(checkpoint: Checkpoint, key: string | undefined): Checkpoint {
  const { tensors, prefix, others } = narrowed(checkpoint, key);
  return { ...checkpoint, tensors, entry: prefix.replace(/\.$/, "") || undefined, entries: others };
}

/** Names without what wrappers put into them, as far as they stay different. */
function unwrapped<T>({ tensors, attributes }: Named<T>): Named<T> {
  const wrapped = wrappedParents(tensors.keys());
  const named = new Map<string, T>();
  for (const [name, tensor] of tensors) named.set(withoutWrappers(name, wrapped), tensor);
  if (named.size < tensors.size) return { tensors, attributes };
  // what a wrapper says of itself comes before, and is replaced by what is in it
  const unwrappedAttributes = new Map<string, Attribute>();
  for (const [name, value] of attributes) unwrappedAttributes.set(withoutWrappers(name, wrapped), value);
  return { tensors: named, attributes: unwrappedAttributes };
}

/**
 * Prefixes whose only part is `module`, which holds parts in turn: DataParallel's. (GAN zoo's
 * `formatLayer.module.weight` is another thing.)
 */
function wrappedParents(names: Iterable<string>): ReadonlySet<string> {
  const [wrapped, not] = [new Set<string>(), new Set<string>()];
  for (const name of names) {
    if (isLong(name)) continue;
    const parts = name.split(".");
    for (const [i, part] of parts.entries()) {
      const parent = parts.slice(0, i).join(".");
      (part === "module" && (i === 0 ? parts.length > 1 : i < parts.length - 2) ? wrapped : not).add(parent);
    }
  }
  return new Set([...wrapped].filter((parent) => !not.has(parent)));
}

/**
 * Whether a name is longer than any network's: looking at all its beginnings would take its square.
 */
const isLong = (name: string): boolean => name.length > MAX_NAME;
const MAX_NAME = 256;

function withoutWrappers(name: string, wrapped: ReadonlySet<string>): string {
  if (isLong(name)) return name;
  const parts = name.split(".");
  return parts
    .filter((part, i) => part !== "_orig_mod" && !(part === "module" && wrapped.has(parts.slice(0, i).join("."))))
    .join(".");
}

/** Tensors, and what was saved beside them, by their names. */
export interface Named<T> {
  readonly tensors: ReadonlyMap<string, T>;
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** The same by their names in an entry. */
export interface Narrowed<T> extends Named<T> {
  /** What was before their names in the file, with its dot. */
  readonly prefix: string;
  /** Prefixes of the tensors that were left out. */
  readonly others: readonly string[];
}

/**
 * The generator among tensors of one dict, as Lightning saves it: names without prefixes.
 * @param key the prefix that is wanted
 * @param entries what else could have been asked for, for messages
 * @throws UsageError when there is none.
 */
export function narrowed<T>(all: Named<T>, key?: string, entries: readonly string[] = []): Narrowed<T> {
  let [found, before] = [unwrapped(all), ""];
  const others: string[] = [];
  for (let depth = 0; depth < MAX_NESTING; depth += 1) {
    const { tensors, attributes } = found;
    const gan = key === undefined ? averagesOfGan(tensors) : undefined;
    if (gan) return { tensors: gan, attributes, prefix: `${before}GE.`, others };
    const prefixes = [...new Set([...tensors.keys()].map((name) => name.split(".", 1)[0]!))];
    const prefix = depth === 0 && key !== undefined ? key : preferredPrefix(prefixes);
    if (prefix === undefined) break;
    const inside = within(tensors, `${prefix}.`);
    if (inside.size === 0) throw noEntry(prefix, [...entries, ...prefixes]);
    found = unwrapped({ tensors: inside, attributes: within(attributes, `${prefix}.`) });
    others.push(...prefixes.filter((each) => each !== prefix).map((each) => before + each));
    before += `${prefix}.`;
    if (key !== undefined) break;
  }
  return { ...found, prefix: before, others };
}

/** What has names that begin so, by the rest of them. */
function within<T>(all: ReadonlyMap<string, T>, prefix: string): ReadonlyMap<string, T> {
  const inside = new Map<string, T>();
  for (const [name, value] of all) if (name.startsWith(prefix)) inside.set(name.slice(prefix.length), value);
  return inside;
}

function noEntry(key: string, names: readonly string[]): UsageError {
  const shown = names.slice(0, 8).map((name) => `"${cut(name)}"`);
  return new UsageError(`There is no entry "${cut(key)}" with tensors in the file.`, `It has ${shown.join(", ")}.`);
}

function preferredPrefix(prefixes: readonly string[]): string | undefined {
  const [found] = likely(prefixes);
  if (found === undefined) return undefined;
  const others = prefixes.filter((each) => each !== found);
  // What is beside it may belong to it, unless there is a judge; and a network's own parts may be
  // called "model" or "gen".
  if (others.some((each) => judges(each))) return found;
  return /G|generator|_ema|running/.test(found) && others.every((each) => rank(each) >= 0) ? found : undefined;
}
