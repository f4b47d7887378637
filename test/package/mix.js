// Every entry of both kinds in one page, and what one kind makes handed to the other; see
// entries.test.ts.

/** The modules of one kind, by the entries' names. */
async function load(entries, ending) {
  const urls = entries.map((entry) => new URL(`../../dist/${entry}${ending}`, import.meta.url).href);
  const modules = await Promise.all(urls.map((url) => import(url)));
  return Object.fromEntries(entries.map((entry, index) => [entry, modules[index]]));
}

/** Names that are not one and the same thing wherever they are exported. */
function copies(kinds) {
  const known = new Map();
  const found = new Set();
  for (const [entry, module] of kinds.flatMap((kind) => Object.entries(kind))) {
    for (const [name, value] of Object.entries(module)) {
      if (known.has(name) && known.get(name) !== value) found.add(`${entry} ${name}`);
      known.set(name, value);
    }
  }
  return [...found];
}

/** d tanh(x) / dx at 0, on a device of one kind, by a graph and a plan of the other. */
async function slope(device, one, other) {
  const graph = new other["runtime/index"].Graph(device.target);
  const x = graph.map("x", 1, 1, 1, 4);
  const y = one["networks/index"].unary(graph, x, "tanh");
  const [dx] = other["causality/index"].gradient(graph, y, [x]);
  const plan = await one["runtime/index"].Plan.compile(device, graph, { keep: [x, dx] });
  plan.tensor(x).write(new Float32Array(4));
  plan.run();
  const numbers = [...(await plan.tensor(dx).read())];
  plan.dispose();
  return numbers;
}

/** The objective's growth by one step towards what a unit wants. */
async function growth(generator, { "causality/index": { maximiseUnit } }) {
  const values = [];
  const options = { images: 1, steps: 1 };
  for await (const step of maximiseUnit(generator, { layer: "layer2", unit: 0 }, options)) values.push(step.values[0]);
  return values[1] - values[0];
}

/** Calls that fail, one for each entry, in its own words. */
const FAILING = {
  index: ({ loadGenerator }) => loadGenerator(new ArrayBuffer(8), {}),
  "causality/index": ({ gradient }) => gradient({}, {}, [], { sede: 1 }),
  "networks/index": ({ parseDescription }) => parseDescription("{"),
  "report/index": ({ writeReport }) => writeReport({}, {}, [], { encoder: {} }),
  "runtime/index": ({ Device }) => Device.request({ gup: 1 }),
};

/** Entries whose errors are not GanatomyErrors of the other kind. */
async function strangers(one, other) {
  const found = [];
  for (const [entry, fail] of Object.entries(FAILING)) {
    const error = await (async () => fail(one[entry]))().catch((error) => error);
    if (!(error instanceof other.index.GanatomyError)) found.push(`${entry}: ${error}`);
  }
  return found;
}

export async function mix(entries) {
  const kinds = await Promise.all([".js", ".min.js"].map((ending) => load(entries, ending)));
  const mixed = [];
  for (const [one, other] of [kinds, kinds.toReversed()]) {
    const device = await one.index.init();
    const source = "/weights/scenes64/generator.safetensors";
    const generator = await other.index.loadGenerator(source, { device });
    mixed.push({
      instances: [device instanceof other["runtime/index"].Device, generator instanceof one.index.Generator],
      slope: await slope(device, one, other),
      grows: (await growth(generator, one)) > 0,
      strangers: await strangers(one, other),
    });
    device.dispose();
  }
  return { copies: copies(kinds), mixed };
}
