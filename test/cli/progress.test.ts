import { afterEach, describe, expect, test, vi } from "vitest";
import { detail, duration, Progress, type Screen, speak, warn } from "../../src/cli/progress.ts";
import { UsageError } from "../../src/errors.ts";

/** A screen that keeps what was written, and a clock to set. */
function stage(
  screen: Partial<Screen>,
  verbose?: boolean,
): { progress: Progress; lines(): string[]; clock: { now: number } } {
  let text = "";
  const clock = { now: 1000 };
  const progress = new Progress({ ...screen, write: (more) => (text += more) }, () => clock.now, verbose);
  return { progress, clock, lines: () => text.split("\n") };
}

/**
 * What a terminal of one line would show, for each line that was ended, and for the one that was
 * not.
 */
function shown(lines: readonly string[]): string[] {
  return lines.map((line) => line.split("\r").at(-1)!.replace("\x1b[K", ""));
}

describe("without a terminal", () => {
  test("the first line and one for each tenth that takes a second, the last always", () => {
    const { progress, clock, lines } = stage({});
    for (let done = 0; done <= 200; done++) {
      progress.report("score", done, 200);
      clock.now += 100;
    }
    progress.end();
    expect(lines()).toEqual([
      "score: 0 % (0 of 200)",
      "score: 10 % (20 of 200), 18 s left",
      "score: 20 % (40 of 200), 16 s left",
      "score: 30 % (60 of 200), 14 s left",
      "score: 40 % (80 of 200), 12 s left",
      "score: 50 % (100 of 200), 10 s left",
      "score: 60 % (120 of 200), 8 s left",
      "score: 70 % (140 of 200), 6 s left",
      "score: 80 % (160 of 200), 4 s left",
      "score: 90 % (180 of 200), 2 s left",
      "score: 100 % (200 of 200)",
      "",
    ]);
  });

  test("a fast phase has two lines, and the next one starts anew", () => {
    const { progress, clock, lines } = stage({});
    for (const phase of ["choose", "score"]) {
      for (let done = 0; done <= 10; done++) {
        progress.report(phase, done, 10);
        clock.now += 10;
      }
    }
    expect(lines()).toEqual([
      "choose: 0 % (0 of 10)",
      "choose: 100 % (10 of 10)",
      "score: 0 % (0 of 10)",
      "score: 100 % (10 of 10)",
      "",
    ]);
  });

  test("no escape sequences, ever", () => {
    const { progress, lines } = stage({});
    progress.report("score", 1, 3);
    progress.note("A note.");
    progress.report("load", 5, 0);
    progress.end();
    expect(lines()).toEqual(["score: 33 % (1 of 3)", "A note.", "load: 5", ""]);
  });
});

test("a download is in kB, whole ones, the last of them begun", () => {
  const { progress, clock, lines } = stage({});
  progress.download({ name: "a.pth", loaded: 0, total: 10_001 });
  clock.now += 1000;
  progress.download({ name: "a.pth", loaded: 4001, total: 10_001 });
  clock.now += 1000;
  progress.download({ name: "b.pth", loaded: 999_001 });
  progress.download({ name: "c.pth", loaded: 0, total: 1_000_000 });
  expect(lines()).toEqual([
    "a.pth (kB): 0 % (0 of 11)",
    "a.pth (kB): 45 % (5 of 11), 1 s left",
    "b.pth (kB): 1000",
    "c.pth (kB): 0 % (0 of 1000)",
    "",
  ]);
});

test("a phase of unknown length has one line, one of a single step two, one that begins late its first", () => {
  const { progress, clock, lines } = stage({});
  for (const [phase, done, total] of [
    ["load", 0, 0],
    ["load", 0, 0],
    ["load", 9, 0],
    ["compile", 0, 1],
    ["compile", 1, 1],
    ["score", 3, 20],
    ["score", 30, 20],
  ] as const) {
    progress.report(phase, done, total);
    clock.now += 5000;
  }
  expect(lines()).toEqual([
    "load: 0",
    "compile: 0 % (0 of 1)",
    "compile: 100 % (1 of 1)",
    "score: 15 % (3 of 20)",
    "score: 100 % (30 of 20)",
    "",
  ]);
});

test("notes are as short as errors", () => {
  const { progress, lines } = stage({});
  progress.note("a".repeat(1000));
  progress.note("b".repeat(900_000));
  expect(lines()).toEqual(["a".repeat(1000), `${"b".repeat(999)}…`, ""]);
});

test("the time left is told from the first step on that was seen, and not within one instant", () => {
  const { progress, clock, lines } = stage({});
  progress.report("score", 2, 10);
  progress.note("");
  progress.report("score", 3, 10); // at once
  clock.now += 4000;
  progress.report("score", 4, 10);
  progress.report("choose", 2, 10);
  clock.now += 4000;
  progress.note("");
  progress.report("choose", 3, 10);
  progress.report("compile", 1, 40);
  clock.now += 4000;
  progress.note("");
  progress.report("compile", 1, 10); // of which there are fewer than thought
  expect(lines().filter((line) => line !== "")).toEqual([
    "score: 20 % (2 of 10)",
    "score: 30 % (3 of 10)",
    "score: 40 % (4 of 10), 12 s left",
    "choose: 20 % (2 of 10)",
    "choose: 30 % (3 of 10), 28 s left",
    "compile: 2 % (1 of 40)",
    "compile: 10 % (1 of 10)",
  ]);
});

test("a line comes after a second, or at the end", () => {
  const { progress, clock, lines } = stage({});
  const at = (now: number, done: number): number => {
    clock.now = now;
    progress.report("score", done, 10);
    return lines().length - 1;
  };
  expect([at(0, 0), at(999, 1), at(1000, 2), at(1999, 3), at(1999, 10)]).toEqual([1, 1, 2, 2, 3]);
});

test("a bar is redrawn after 80 ms, or at the end", () => {
  const { progress, clock, lines } = stage({ isTTY: true, columns: 100 });
  const at = (now: number, done: number): number => {
    clock.now = now;
    progress.report("score", done, 10);
    return lines()[0]!.split("\r").length - 1;
  };
  expect([at(0, 0), at(79, 1), at(80, 2), at(159, 3), at(159, 10)]).toEqual([1, 1, 2, 2, 3]);
});

test("a phase of a single step is told like others", () => {
  const { progress, clock, lines } = stage({ isTTY: true, columns: 100 });
  progress.report("compile", 0, 1);
  expect(shown(lines())).toEqual([`${"compile".padEnd(24)} ${"░".repeat(30)}   0 %  0 of 1`]);
  clock.now += 3000;
  progress.report("compile", 1, 1);
  expect(shown(lines())).toEqual([`${"compile".padEnd(24)} ${"█".repeat(30)} 100 %  1 of 1`]);
  progress.end();
  expect(shown(lines())).toEqual([`${"compile".padEnd(24)} 1 in 3 s`, ""]);
});

test.each([
  [undefined, 79],
  [10, 20],
  [21, 20],
  [22, 21],
])("of a long line a terminal of %s columns shows %i characters", (columns, characters) => {
  const { progress, lines } = stage({ isTTY: true, columns });
  progress.report("x".repeat(100), 5, 10);
  expect(shown(lines())).toEqual(["x".repeat(characters)]);
});

test("a phase that did not come to its end, or has none, says how far it came", () => {
  const { progress, clock, lines } = stage({ isTTY: true, columns: 100 });
  progress.report("score", 0, 10);
  clock.now += 100;
  progress.report("score", 4, 10);
  clock.now += 1900;
  progress.report("load", 1, 0);
  progress.end();
  expect(shown(lines())).toEqual([`${"score".padEnd(24)} 4 of 10 in 2 s`, `${"load".padEnd(24)} 1 in 0 s`, ""]);
});

describe("on a terminal", () => {
  test("one line is redrawn, at most every 80 ms, and ends as a plain line", () => {
    const { progress, clock, lines } = stage({ isTTY: true, columns: 100 });
    for (let done = 0; done <= 100; done++) {
      progress.report("score", done, 100);
      clock.now += 40;
    }
    expect(lines()[0]!.split("\r").length - 1).toBeLessThanOrEqual(52);
    progress.end();
    expect(shown(lines())).toEqual([`${"score".padEnd(24)} 100 in 4 s`, ""]);
  });

  test("the bar, the numbers and the time left belong together", () => {
    const { progress, clock, lines } = stage({ isTTY: true, columns: 100 });
    progress.report("score", 0, 100);
    clock.now += 30_000;
    progress.report("score", 25, 100);
    const [line] = shown(lines());
    expect(line).toBe(`${"score".padEnd(24)} ${"█".repeat(8)}${"░".repeat(22)}  25 %  25 of 100, 1 min 30 s left`);
  });

  test.each([10, 40, 60, 80, 200])("no line is wider than a terminal of %i columns", (columns) => {
    const { progress, clock, lines } = stage({ isTTY: true, columns });
    for (const done of [0, 3333, 10000]) {
      progress.report("a phase with quite a long name", done, 10000);
      clock.now += 1e6;
    }
    progress.end();
    for (const drawn of lines().flatMap((line) => line.split("\r"))) {
      expect(drawn.replace("\x1b[K", "").length).toBeLessThan(Math.max(21, columns));
    }
  });

  test.each([
    [100, 30],
    [72, 30],
    [71, 29],
    [50, 8],
    [43, 1],
    [42, 0],
    [41, 0],
    [undefined, 30],
  ])("in %s columns a bar has %i cells beside its numbers", (columns, cells) => {
    const { progress, lines } = stage({ isTTY: true, columns });
    progress.report("x", 5, 10);
    const [line] = shown(lines());
    expect(line).toBe(`${"x".padEnd(24)} ${"█".repeat(Math.round(cells / 2))}${"░".repeat(cells >> 1)}  50 %  5 of 10`);
  });

  test("more than all is all, and of nothing known there is a number", () => {
    const { progress, lines } = stage({ isTTY: true, columns: 100 });
    progress.report("score", 12, 10);
    progress.report("load", 7, 0);
    const [, line] = shown(lines());
    expect(shown(lines())[0]).toBe(`${"score".padEnd(24)} 10 in 0 s`);
    expect(line).toBe(`${"load".padEnd(24)} 7`);
  });

  test("a note leaves no trace of the bar on its line, and the bar comes back", () => {
    const { progress, clock, lines } = stage({ isTTY: true, columns: 80 });
    progress.report("score", 1, 10);
    progress.note("Running on SwiftShader.");
    clock.now += 1;
    progress.report("score", 2, 10);
    const [note, bar] = shown(lines());
    expect(note).toBe("Running on SwiftShader.");
    expect(bar).toMatch(/^score .* 20 % {2}2 of 10/);
  });

  test("what came before the first news, such as compiling, does not spoil the estimate", () => {
    const { progress, clock, lines } = stage({ isTTY: true, columns: 100 });
    clock.now += 60_000;
    progress.report("score", 10, 100);
    clock.now += 1000;
    progress.report("score", 20, 100);
    expect(shown(lines())[0]).toMatch(/, 8 s left$/);
  });
});

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [59_400, "59 s"],
  [1500, "2 s"],
  [59_499, "59 s"],
  [3_540_000, "59 min"],
  [3_660_000, "1 h 1 min"],
  [7_140_000, "1 h 59 min"],
  [60_000, "1 min"],
  [125_000, "2 min 5 s"],
  [3_600_000, "1 h"],
  [11_400_000, "3 h 10 min"],
])("%i ms are %s", (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

describe("with --verbose", () => {
  /** A phase of steps that take 500 ms each, and are told when they are done. */
  function phase({ progress, clock }: ReturnType<typeof stage>, name: string, steps: readonly number[]): void {
    for (const done of steps) {
      clock.now += 500;
      progress.report(name, done, steps.at(-1)!);
    }
  }

  test("a phase's time is from the end of the one before to its own last news", () => {
    const on = stage({}, true);
    phase(on, "score", [8, 16, 20]);
    on.clock.now += 10_000; // nothing was told of
    phase(on, "draw", [1]);
    on.progress.end();
    on.progress.end();
    phase(on, "long", [1, 2]);
    on.clock.now += 125_000;
    on.progress.report("long", 3, 4);
    on.progress.end();
    expect(on.lines().filter((line) => / in /.test(line))).toEqual([
      "score: 20 in 1.50 s, 8 at a time",
      "draw: 1 in 10.50 s",
      "long: 3 of 4 in 2 min 6 s",
    ]);
  });

  test.each([
    [[0, 16, 32, 40], ", 16 at a time"],
    [[16, 32, 32, 48], ", 16 at a time"],
    [[100, 116], ", 16 at a time"], // an earlier run had begun
    [[16, 16], ""],
    [[0, 1, 2], ""],
    [[0, 16, 24, 32], ""],
    [[0, 16, 24, 40], ""],
    [[0, 8, 24], ""],
  ])("of steps %j it tells%s", (steps, told) => {
    const on = stage({}, true);
    phase(on, "score", steps);
    on.progress.end();
    expect(on.lines().at(-2)).toBe(`score: ${steps.at(-1)} in ${(steps.length / 2).toFixed(2)} s${told}`);
  });

  test("on a terminal the bar makes room for it, also behind a note", () => {
    const on = stage({ isTTY: true, columns: 80 }, true);
    phase(on, "score", [0, 10, 20]);
    on.progress.note("A note.");
    on.progress.end();
    expect(shown(on.lines())).toEqual(["A note.", "score: 20 in 1.50 s, 10 at a time", ""]);
  });
});

describe("how much is said", () => {
  afterEach(() => {
    speak({});
    vi.restoreAllMocks();
  });
  /** What is written to a stderr that is a terminal or none. */
  function write(isTTY: boolean) {
    const { stderr } = process;
    const screen = { isTTY, write: vi.fn() };
    vi.spyOn(process, "stderr", "get").mockReturnValue(Object.assign(Object.create(stderr), screen));
    return screen.write;
  }

  test.each([
    [{}, ["note\n"]],
    [{ quiet: true }, []],
    [{ verbose: true }, ["detail of --rate\\u001b\n", "note\n"]],
  ])("%j", (how, said) => {
    const spy = write(false);
    speak(how);
    detail("detail of `rate`\u001b");
    new Progress().note("note");
    expect(spy.mock.calls.map(([text]) => text)).toEqual(said);
  });

  test("a detail takes the place of a bar", () => {
    const spy = write(true);
    speak({ verbose: true });
    detail("detail");
    expect(spy.mock.calls).toEqual([["\r\x1b[Kdetail\n"]]);
  });

  test.each([{}, { quiet: true }, { verbose: true }])("what is wrong is said with %j, too", (how) => {
    const spy = write(false);
    speak(how);
    warn("--rate is wrong", new Progress().note.bind(new Progress()));
    expect(spy.mock.calls).toEqual([["--rate is wrong\n"]]);
  });

  test("not both more and less", () => {
    expect(() => speak({ quiet: true, verbose: true })).toThrow(UsageError);
    expect(() => speak({ quiet: true, verbose: true })).toThrow("Leave one of them out.");
  });
});
