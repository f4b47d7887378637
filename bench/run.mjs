// `npm run bench`: our time beside tfjs-webgpu's, onnxruntime-web's, jax-js's and PyTorch's. See
// README.md.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FRECHET, measureFrechet } from "./frechet.mjs";
import { buildPage } from "./hosts/build.mjs";
import { openChrome } from "./hosts/chrome.mjs";
import { openNode } from "./hosts/node.mjs";
import { serve } from "./hosts/serve.mjs";
import { measureSizes, SIZES } from "./sizes.mjs";
import { heading, PEERS, row } from "./table.mjs";

const HELP = `npm run bench -- [options]

  --case NAME  only cases whose name contains NAME; may be repeated
  --all        every case, not only the headline ones: minutes on a GPU, hours on a software adapter
  --peer NAME  only this peer (tfjs, ort, jax, wasm1, wasm2, torch) beside ours; may be repeated; none is nobody
  --node       in Node on Dawn, instead of headless Chrome
  --list       names of the cases that the other options choose
  --json       one line of JSON a case, and nothing else
`;

const OPTIONS = {
  case: { type: "string", multiple: true, default: [] },
  peer: { type: "string", multiple: true, default: [] },
  all: { type: "boolean", default: false },
  node: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
};

/** A line of JSON; digits beyond the sixth are noise. */
const lineOf = (outcome) =>
  JSON.stringify(outcome, (_, value) => (typeof value === "number" ? Number(value.toPrecision(6)) : value));

/** The libraries in a new page or process, and what they run on. */
async function start(open, { server, build, peers }, known) {
  const host = await open({ url: server.url, ...build });
  try {
    const cases = await host.call("open", { ...host.places, peers });
    const gather = () => host.call("gather", ...(known ? [known] : []));
    return { ...host, cases, gather, torch: peers.includes("torch") ? server.torch : undefined };
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** Cases that need neither a page nor a GPU. */
const BESIDE = new Map([
  [SIZES, measureSizes],
  [FRECHET, measureFrechet],
]);

/**
 * Runs cases and hands each outcome to `print`. Each has libraries of its own, in a new page or
 * process: what an earlier one compiled does not help it, and what it left behind
 * (onnxruntime-web's captured buffers do) does not harm it.
 */
async function run(cases, { host, renew, build, begin, print }) {
  let current = host;
  const setting = await host.gather();
  const common = { runtime: host.runtime, ...setting, ...(host.torch ? { torch: host.torch } : {}) };
  begin(common);
  try {
    for (const [index, name] of cases.entries()) {
      try {
        if (index > 0) {
          await current?.close();
          current = undefined; // if no other can be opened, only this case fails
          current = await renew(setting.ceilings);
          await current.gather();
        }
        const measured = await (BESIDE.get(name)?.(build) ?? current.call("run", name));
        print({ case: name, ...common, ...measured });
      } catch (error) {
        print({ case: name, ...common, error: error.message.split("\n")[0] });
        process.exitCode = 1;
      }
    }
  } finally {
    await current?.close();
  }
}

async function main() {
  const { case: filters, peer, all, node, list, json, help } = parseArgs({ options: OPTIONS }).values;
  if (help) return void process.stdout.write(HELP);
  const unknown = peer.find((name) => name !== "none" && !PEERS.includes(name));
  if (unknown) throw new Error(`There is no peer ${unknown}; there are ${PEERS.join(", ")}.`);
  const folder = await mkdtemp(join(tmpdir(), "ganatomy-bench-"));
  // Who ends it does not wait for a case; Chrome and the process in Node end when their pipes do.
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.kill(process.pid, signal);
    });
  }
  const build = { folder, scripts: await buildPage(folder) };
  const server = await serve(folder);
  const peers = peer.length > 0 ? peer : PEERS;
  const renew = (ceilings) => start(node ? openNode : openChrome, { server, build, peers }, ceilings);
  try {
    const host = await renew();
    const wanted = ({ name, headline }) =>
      filters.length > 0 ? filters.some((part) => name.includes(part)) : all || headline;
    const known = [...host.cases, ...[...BESIDE.keys()].map((name) => ({ name, headline: true }))];
    const chosen = known.filter(wanted).map(({ name }) => name);
    if (list || chosen.length === 0) await host.close();
    if (chosen.length === 0) throw new Error(`No case is called ${filters.join(" or ")}: see --list --all.`);
    if (list) process.stdout.write(`${chosen.join("\n")}\n`);
    else {
      const begin = (setting) => json || console.log(heading(setting));
      const print = (outcome) => console.log(json ? lineOf(outcome) : row(outcome));
      await run(chosen, { host, renew, build, begin, print });
    }
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
