import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** What the page has of it: where the picture will be, below it, and whether there is a picture. */
const parts = {
  waiting: { textContent: "", hidden: false },
  busy: { textContent: "", hidden: true },
  session: { session: undefined as object | undefined },
};
beforeEach(() => {
  vi.resetModules(); // when something was said last is the module's
  vi.useFakeTimers({ toFake: ["performance"] });
  vi.stubGlobal("document", { getElementById: (id: keyof typeof parts) => parts[id] });
  parts.session.session = undefined;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a share is said when the one before could be read, and ends are at once", async () => {
  const { showLoading, showProgress } = await import("../../studio/loading.ts");
  const said: string[] = [];
  const loading = showLoading("generator", new AbortController().signal);
  for (let done = 0; done <= 100; done += 10) {
    showProgress({ phase: "generator", done, total: 100 });
    if (said.at(-1) !== parts.waiting.textContent) said.push(parts.waiting.textContent);
    vi.advanceTimersByTime(100);
  }
  expect(said).toEqual([
    ...["Loading the generator…", "Loading the generator… 30 %", "Loading the generator… 60 %"],
    ...["Loading the generator… 90 %", "Waking the GPU…"],
  ]);
  loading.done();
  expect(parts.waiting).toEqual({ textContent: "", hidden: true });
});

test("below a picture it is said what is loaded, and no longer", async () => {
  const { showLoading, showProgress } = await import("../../studio/loading.ts");
  parts.session.session = {};
  const loading = showLoading("report", new AbortController().signal);
  showProgress({ phase: "report", done: 1, total: 4 });
  expect(parts.busy).toEqual({ textContent: "Loading the report…", hidden: false });
  vi.advanceTimersByTime(300);
  showProgress({ phase: "report", done: 1, total: 4 });
  expect(parts.busy.textContent).toBe("Loading the report… 25 %");
  showProgress({ phase: "report", done: 4, total: 4 });
  expect(parts.busy).toEqual({ textContent: "", hidden: true });
  loading.done();
});
