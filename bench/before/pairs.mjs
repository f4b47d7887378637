// What two builds' runs in turns say: numbers, and the table.

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

/** What a case's numbers are, in the table's order: name, heading, digits after the point. */
export const METRICS = [
  ["wall", "wall s", 2],
  ["cpu", "CPU s", 2],
  ["first", "first s", 2],
  ["firstCpu", "first, CPU s", 2],
  ["kilobytes", "first, kB", 0],
  ["work", "without imports s", 2],
  ["workCpu", "CPU without imports s", 2],
  ["generatorCpu", "generator CPU ms/image", 2],
  ["segmenterCpu", "segmenter CPU ms/image", 2],
  ["generatorMs", "generator ms/image", 2],
  ["segmenterMs", "segmenter ms/image", 2],
  ["rss", "peak RSS MiB", 0],
];

/** Each run's numbers in turns as numbers of both: only those that every run has. */
export function paired(runs) {
  const metrics = {};
  for (const [name] of METRICS) {
    const before = runs.map((run) => run.before[name]);
    const after = runs.map((run) => run.after[name]);
    if (![...before, ...after].every(Number.isFinite)) continue;
    const side = (values) => ({ median: median(values), min: Math.min(...values), values });
    metrics[name] = {
      before: side(before),
      after: side(after),
      // Of each pair, whose runs were neighbours in time: what else the machine did fell on both.
      ratio: median(before.map((value, i) => value / after[i])),
      ratioOfMin: Math.min(...before) / Math.min(...after),
    };
  }
  return metrics;
}

const COLUMNS = [26, 24, 10, 10, 10, 10, 8, 8];
const line = (cells) =>
  cells
    .map((cell, i) => (i < 2 ? cell.padEnd(COLUMNS[i]) : cell.padStart(COLUMNS[i])))
    .join("  ")
    .trimEnd();

export const heading = ({ before, after, adapter, runs, load }) =>
  [
    `before: ${before}; after: ${after}; ${adapter}; ${runs} runs in turns; load ${load.toFixed(1)}`,
    "×: how many times as much it was before; the median of the pairs' ratios, and the ratio of the least.",
    "",
    line(["case", "", "before", "after", "least", "least", "×", "× least"]),
  ].join("\n");

/** A case as rows, one a number, and what became of its output. */
export function rows({ case: name, metrics, outputs, error }) {
  if (error) return `${name}: ${error}`;
  const lines = METRICS.filter(([key]) => key in metrics).map(([key, label, digits], i) => {
    const { before, after, ratio, ratioOfMin } = metrics[key];
    const numbers = [before.median, after.median, before.min, after.min].map((value) => value.toFixed(digits));
    return line([i === 0 ? name : "", label, ...numbers, ratio.toFixed(2), ratioOfMin.toFixed(2)]);
  });
  return [...lines, ...Object.entries(outputs).map(([file, said]) => `  ${file}: ${said}`)].join("\n");
}
