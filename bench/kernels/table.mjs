// What bench/kernels.mjs prints.

/** Milliseconds an image by part and kernel, of one build or of two beside each other. */
export function table(sides) {
  const { adapter, unit } = sides.at(-1);
  const lines = [`${unit} ms an image on ${adapter}: ${sides.map(({ label }) => label).join(" → ")}`];
  const names = [...new Set(sides.flatMap(({ parts }) => Object.keys(parts)))];
  for (const name of names) {
    const kernels = sides.map(({ parts }) => parts[name] ?? {});
    const sums = kernels.map((times) => Object.values(times).reduce((sum, ms) => sum + ms, 0));
    lines.push("", row(name, sums));
    const known = [...new Set(kernels.flatMap((times) => Object.keys(times)))];
    const most = (kernel) => Math.max(...kernels.map((times) => times[kernel] ?? 0));
    known.sort((a, b) => most(b) - most(a));
    for (const kernel of known) {
      lines.push(
        row(
          `  ${kernel}`,
          kernels.map((times) => times[kernel]),
        ),
      );
    }
  }
  return lines.join("\n");
}

function row(name, times) {
  const cells = times.map((ms) => (ms === undefined ? "–" : ms.toFixed(2)).padStart(9));
  const [before, after] = times;
  const ratio = before !== undefined && after !== undefined ? `  × ${(after / before).toFixed(2)}` : "";
  return `${name.padEnd(22)}${cells.join("")}${ratio}`;
}
