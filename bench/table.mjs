// Outcomes as people read them.

const COLUMNS = [
  ["case", 44],
  ["ganatomy", 10],
  ["on GPU", 10],
  ["GFLOP/s", 8],
  ["GB/s", 7],
  ["of ceiling", 10],
  ["bound", 7],
  ["CPU", 10],
  ["tfjs", 15],
  ["ort", 15],
  ["jax", 15],
  ["wasm1", 15],
  ["wasm2", 15],
  ["torch", 15],
  ["error", 8],
  ["n", 3],
];
/** Whom ours is compared with, in the table's order. */
export const PEERS = ["tfjs", "ort", "jax", "wasm1", "wasm2", "torch"];

const milliseconds = (ms) => (ms == null ? "" : `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`);
const rate = (value) => (value == null ? "" : value.toFixed(value < 10 ? 2 : 0));
const times = (ratio) => (Number.isFinite(ratio) ? `${ratio.toFixed(ratio < 10 ? 1 : 0)}×` : "");
const kilobytes = (bytes) => (bytes == null ? "" : `${(bytes / 1000).toFixed(1)} kB`);
const line = (cells) =>
  COLUMNS.map(([, width], i) => (i === 0 ? cells[i].padEnd(width) : (cells[i] ?? "").padStart(width)))
    .join("  ")
    .trimEnd();

/** What the numbers are from, and what they mean. */
export function heading({ runtime, adapter, driver, software, ceilings, absent, torch }) {
  return [
    `${runtime} on ${adapter}${driver && !adapter.includes(driver) ? ` (${driver})` : ""}${software ? ", software" : ""}`,
    ...(software ? ["No headline numbers: a software adapter says nothing about GPUs."] : []),
    `ceilings: ${rate(ceilings.gflops)} GFLOP/s of multiply-adds, ${rate(ceilings.gbps)} GB/s of copying`,
    ...(torch ? [`torch: ${torch}, run by itself`] : []),
    ...Object.entries(absent).map(([name, why]) => `${name} does not run here: ${why}`),
    "",
    "Times are medians of interleaved runs: wall time a run, outputs staying on the GPU, and the time of its passes on the GPU.",
    "GFLOP/s counts operations of the layers as written, GB/s the least bytes they can move; of ceiling is the least time that",
    "the ceilings allow for the operations executed and those bytes, to the time taken. ×: a peer's time to ours. CPU: time of all",
    "threads, on software adapters the fairer measure. n: rounds.",
    "",
    line(COLUMNS.map(([name]) => name)),
  ].join("\n");
}

/** A case as a row, and under it what only it has to say. */
export function row(outcome) {
  const { case: name, error, peers = {}, peersBytes = {}, peersCpuMs = {}, failed = {}, more = {} } = outcome;
  if (typeof error === "string") return `${name}: ${error}`;
  const onCpu = Object.entries(peersCpuMs).filter(([, ms]) => ms != null);
  const notes = [
    ...(onCpu.length > 0 ? [`  CPU: ${onCpu.map(([peer, ms]) => `${peer} ${milliseconds(ms)}`).join(", ")}`] : []),
    ...Object.entries(failed).map(([peer, why]) => `  ${peer} failed: ${why}`),
    ...(Object.keys(more).length > 0
      ? [
          `  ${Object.entries(more)
            .map(([key, value]) => `${key} ${rate(value)}`)
            .join(", ")}`,
        ]
      : []),
  ];
  const worst = Math.max(...Object.values(error ?? {}));
  const cell = (peer) => {
    const size = peer in peersBytes ? kilobytes(peersBytes[peer]) : milliseconds(peers[peer]);
    return `${size} ${times((peers[peer] ?? peersBytes[peer]) / (outcome.ms ?? outcome.bytes))}`.trim();
  };
  return [
    line([
      name,
      outcome.bytes ? kilobytes(outcome.bytes) : milliseconds(outcome.ms),
      milliseconds(outcome.gpuMs),
      rate(outcome.gflops),
      rate(outcome.gbps),
      outcome.fraction == null ? "" : `${(100 * outcome.fraction).toFixed(0)} %`,
      outcome.bound,
      milliseconds(outcome.cpuMs),
      ...PEERS.map(cell),
      Number.isFinite(worst) ? worst.toExponential(0) : "",
      outcome.samples === undefined ? "" : `${outcome.samples}`,
    ]),
    ...notes,
  ].join("\n");
}
