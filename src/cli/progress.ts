import { UsageError } from "../errors.ts";
import { printable } from "../names.ts";
import { inFlags } from "./flags.ts";
import { inLine, say } from "./terminal.ts";

/** Where progress goes: stderr, or a stand-in for it. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Where what is said from now on goes, and whether details are. */
let manner: { readonly screen: Screen; readonly verbose: boolean; readonly quiet: boolean } = {
  screen: process.stderr,
  verbose: false,
  quiet: false,
};

/**
 * How much commands say from now on while they run: nothing, where `quiet`, but what went wrong;
 * details too, where `verbose`.
 * @throws UsageError where it is to be both.
 */
export function speak({ quiet = false, verbose = false }: { readonly quiet?: boolean; readonly verbose?: boolean }) {
  if (quiet && verbose) throw new UsageError("--quiet and --verbose contradict each other.", "Leave one of them out.");
  manner = { screen: quiet ? { write: () => {} } : process.stderr, verbose, quiet };
}

/** Says what is wrong, though it ends no command: as a note, and with --quiet, too. */
export function warn(text: string, note: (text: string) => void): void {
  if (manner.quiet) say(`${noted(text)}\n`);
  else note(text);
}

/**
 * Says a sentence with --verbose only; on a terminal in the place of a bar, which is drawn below
 * it with its next step.
 */
export function detail(text: string): void {
  if (manner.verbose) manner.screen.write(`${manner.screen.isTTY ? "\r\x1b[K" : ""}${noted(text)}\n`);
}

/** Characters of a note, as many as of an error: names out of files may be endless. */
const NOTE = 1000;
/** Redrawing more often than this is not seen. */
const REDRAW_MS = 80;
const LINE_MS = 1000;
const LABEL_WIDTH = 24;

/**
 * Progress of one phase after the other: on a terminal a bar that is redrawn, else a line for each
 * started phase and each 10 %, as logs like it.
 */
export class Progress {
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #verbose: boolean;
  #phase = "";
  #done = 0;
  #total = 0;
  #start = 0;
  /** When there was news last, and when the phase before had its last. */
  #heard: number;
  #before: number;
  /**
   * Steps done at the first news of the phase: those before it (compiling, loading) say nothing
   * about its pace.
   */
  #first = 0;
  /** How many steps were made at a time but for the last time; NaN where they were not as many. */
  #batch = 0;
  #last = 0;
  #drawn = Number.NEGATIVE_INFINITY;
  #tenth = -1;
  #barShown = false;

  constructor(to: Screen = manner.screen, now: () => number = () => performance.now(), verbose = manner.verbose) {
    this.#screen = to;
    this.#now = now;
    this.#verbose = verbose;
    this.#heard = now();
    this.#before = this.#heard;
  }

  /**
   * `done` of `total` steps of a phase; a new phase ends the one before. A total of 0 means it is
   * not known.
   */
  report(named: string, done: number, total: number): void {
    const now = this.#now();
    const phase = inLine(named);
    if (phase !== this.#phase) {
      this.#finishPhase();
      this.#phase = phase;
      this.#start = now;
      this.#before = this.#heard;
      this.#first = done;
      this.#batch = 0;
      this.#drawn = Number.NEGATIVE_INFINITY;
      this.#tenth = -1;
    } else if (done > this.#done) {
      const step = done - this.#done;
      const alike = this.#batch === 0 || (this.#last === this.#batch && step <= this.#batch);
      this.#batch = alike ? this.#batch || step : Number.NaN;
      this.#last = step;
    }
    this.#heard = now;
    this.#done = done;
    this.#total = total;
    if (this.#screen.isTTY) {
      if (now - this.#drawn < REDRAW_MS && done < total) return;
      this.#drawn = now;
      this.#draw(this.#bar(now));
    } else {
      const tenth = total > 0 ? Math.floor((10 * done) / total) : 0;
      // The phase's first and last line always; of those between not more than one a second.
      if (tenth === this.#tenth || (this.#tenth >= 0 && done < total && now - this.#drawn < LINE_MS)) return;
      this.#tenth = tenth;
      this.#drawn = now;
      this.#screen.write(`${this.#line(now)}\n`);
    }
  }

  /** Bytes of a download. */
  readonly download = ({
    name,
    loaded,
    total = 0,
  }: {
    name: string;
    loaded: number;
    total?: number | undefined;
  }): void => this.report(`${name} (kB)`, Math.ceil(loaded / 1000), Math.ceil(total / 1000));

  /** A sentence between the bars. */
  note(text: string): void {
    this.#clear();
    this.#screen.write(`${noted(text)}\n`);
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  /** Leaves the terminal clean; the next report starts anew. */
  end(): void {
    this.#finishPhase();
    this.#phase = "";
  }

  #finishPhase(): void {
    if (this.#phase === "" || !(this.#barShown || this.#verbose)) return;
    const whole = this.#total > 0 && this.#done >= this.#total;
    const done = whole ? `${this.#total}` : count(this.#done, this.#total);
    this.#clear();
    if (this.#verbose) {
      // Phases that tell of nothing until a step is done have begun with the end of the one before.
      const batch = this.#batch > 1 ? `, ${this.#batch} at a time` : "";
      this.#screen.write(`${this.#phase}: ${done} in ${exactly(this.#heard - this.#before)}${batch}\n`);
    } else {
      const line = `${label(this.#phase)} ${done} in ${duration(this.#now() - this.#start)}`;
      this.#screen.write(`${line.slice(0, this.#width())}\n`);
    }
  }

  #bar(now: number): string {
    const name = label(this.#phase);
    if (this.#total <= 0) return `${name} ${this.#done}`;
    const fraction = Math.min(1, this.#done / this.#total);
    const numbers = `${percent(fraction).padStart(5)}  ${count(this.#done, this.#total)}${this.#left(now)}`;
    const cells = Math.max(0, Math.min(30, this.#width() - name.length - numbers.length - 3));
    const full = Math.round(fraction * cells);
    return `${name} ${"█".repeat(full)}${"░".repeat(cells - full)} ${numbers}`;
  }

  #line(now: number): string {
    if (this.#total <= 0) return `${this.#phase}: ${this.#done}`;
    const fraction = percent(Math.min(1, this.#done / this.#total));
    return `${this.#phase}: ${fraction} (${count(this.#done, this.#total)})${this.#left(now)}`;
  }

  #left(now: number): string {
    const done = this.#done - this.#first;
    if (done <= 0 || this.#done >= this.#total || now <= this.#start) return "";
    return `, ${duration(((now - this.#start) / done) * (this.#total - this.#done))} left`;
  }

  #draw(line: string): void {
    this.#screen.write(`\r${line.slice(0, this.#width())}\x1b[K`);
    this.#barShown = true;
  }

  #clear(): void {
    if (this.#barShown) this.#screen.write("\r\x1b[K");
    this.#barShown = false;
  }

  /** One column stays free: some terminals wrap as soon as the last one is filled. */
  #width(): number {
    return Math.max(20, (this.#screen.columns || 80) - 1);
  }
}

/** Milliseconds as people say it: "8 s", "2 min 5 s", "3 h 10 min". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** The same for who looks closely: seconds to the hundredth. */
const exactly = (milliseconds: number): string =>
  milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(2)} s` : duration(milliseconds);

/** A note as it is written. */
function noted(text: string): string {
  const all = inFlags(text);
  return printable(all.length > NOTE ? `${all.slice(0, NOTE - 1)}…` : all);
}

const label = (phase: string): string => phase.padEnd(LABEL_WIDTH);
const percent = (fraction: number): string => `${Math.floor(100 * fraction)} %`;
const count = (done: number, total: number): string => (total > 0 ? `${done} of ${total}` : `${done}`);
