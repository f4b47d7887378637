// The tutorial's page: cells of code that share their variables, run one after the other, with what they display beside
// them. The library is in this script; the model lies beside it.

// Tests: test/site/tutorial.test.ts

import * as causality from "../src/causality/index.ts";
import * as classifiers from "../src/classifiers/index.ts";
import * as compare from "../src/compare/index.ts";
import * as core from "../src/index.ts";
import * as inversion from "../src/inversion/index.ts";
import * as look from "../src/look/index.ts";
import * as networks from "../src/networks/index.ts";
import * as report from "../src/report/index.ts";
import * as runtime from "../src/runtime/index.ts";
import { runCell, type Variables } from "./cells.ts";
import { highlighted } from "./highlight.ts";
import { elementOf, errorOf } from "./results.ts";
import { shownOf } from "./shown.ts";

const MODULES: Readonly<Record<string, unknown>> = {
  ganatomy: core,
  "ganatomy/causality": causality,
  "ganatomy/classifiers": classifiers,
  "ganatomy/compare": compare,
  "ganatomy/inversion": inversion,
  "ganatomy/look": look,
  "ganatomy/networks": networks,
  "ganatomy/report": report,
  "ganatomy/runtime": runtime,
};

async function load(name: string): Promise<unknown> {
  if (Object.hasOwn(MODULES, name)) return MODULES[name];
  throw new core.UsageError(`This page has no module "${name}".`, `It has ${Object.keys(MODULES).join(", ")}.`);
}

/** What cells find there before any has run. */
const given = (): Variables => ({ file: async (name: string) => new URL(`weights/${name}`, document.baseURI).href });
let variables = given();

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const state = byId("state");
const runAll = byId<HTMLButtonElement>("run-all");
const resetAll = byId<HTMLButtonElement>("reset-all");

/** One cell at a time: those that were asked for meanwhile wait. */
let turn: Promise<unknown> = Promise.resolve();

class Cell {
  readonly element: HTMLElement;
  readonly #text: HTMLTextAreaElement;
  readonly #colors: HTMLElement;
  readonly #result: HTMLElement;
  readonly #status: HTMLElement;
  readonly #reset: HTMLButtonElement;
  readonly #original: string;

  constructor(element: HTMLElement) {
    const find = <T extends Element>(selector: string): T => element.querySelector<T>(selector)!;
    this.element = element;
    this.#text = find("textarea");
    this.#colors = find("pre");
    this.#result = find(".result");
    this.#status = find("[role=status]");
    this.#reset = find(".reset");
    // A browser may keep what was typed before the page was loaded again.
    this.#original = this.#text.defaultValue;
    this.#text.value = this.#original;
    this.#text.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
      event.preventDefault();
      void this.run();
      if (event.shiftKey) cells[cells.indexOf(this) + 1]?.focus();
    });
    find<HTMLButtonElement>(".run").addEventListener("click", () => void this.run());
    this.#reset.addEventListener("click", () => {
      this.reset();
      this.focus();
    });
    this.#changed();
  }

  focus(): void {
    this.#text.focus();
  }

  /** Its first code again, and nothing displayed. */
  reset(): void {
    this.#text.value = this.#original;
    this.#result.replaceChildren();
    this.#status.textContent = "";
    this.#changed();
  }

  /** Whether it came to its end. */
  run(): Promise<boolean> {
    this.#status.textContent = "waits";
    const ran = turn.then(() => this.#run());
    turn = ran;
    return ran;
  }

  async #run(): Promise<boolean> {
    const [result, status, start] = [this.#result, this.#status, performance.now()];
    result.replaceChildren();
    result.setAttribute("aria-busy", "true");
    status.textContent = "runs …";
    variables["display"] = async (...things: unknown[]) => {
      for (const thing of things) result.append(elementOf(await shownOf(thing)));
    };
    try {
      const value = await runCell(this.#text.value, variables, load);
      if (value !== undefined) result.append(elementOf(await shownOf(value)));
      status.textContent = `done in ${((performance.now() - start) / 1000).toFixed(1)} s`;
      return true;
    } catch (error) {
      result.append(errorOf(error));
      status.textContent = "stopped at an error";
      return false;
    } finally {
      result.removeAttribute("aria-busy");
    }
  }

  #changed(): void {
    const { value } = this.#text;
    this.#text.rows = value.split("\n").length;
    this.#reset.hidden = value === this.#original;
    const pieces = highlighted(value).map(({ text, kind }) => {
      if (!kind) return text;
      const piece = document.createElement("span");
      piece.className = kind;
      piece.textContent = text;
      return piece;
    });
    // The last line is there even if it is empty.
    this.#colors.replaceChildren(...pieces, "\n");
  }
}

const cells = [...document.querySelectorAll<HTMLElement>(".cell")].map((element) => new Cell(element));

runAll.addEventListener("click", async () => {
  runAll.disabled = true;
  resetAll.disabled = true;
  const start = performance.now();
  for (const [index, cell] of cells.entries()) {
    state.textContent = `cell ${index + 1} of ${cells.length}`;
    if (await cell.run()) continue;
    state.textContent = `stopped at cell ${index + 1}`;
    cell.element.scrollIntoView({ block: "nearest" });
    break;
  }
  if (state.textContent.startsWith("cell"))
    state.textContent = `all done in ${((performance.now() - start) / 1000).toFixed(0)} s`;
  runAll.disabled = false;
  resetAll.disabled = false;
});

resetAll.addEventListener("click", () => {
  for (const cell of cells) cell.reset();
  (variables["device"] as core.Device | undefined)?.dispose?.();
  variables = given();
  state.textContent = "";
});
