import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";

const ROOT = "https://host/site/";
const kept = new Map<string, Response>();
const cache = {
  match: async (address: string) => kept.get(address)?.clone(),
  put: vi.fn(async (address: string, response: Response) => void kept.set(address, response)),
};
const network = vi.fn<(request: Request) => Promise<Response>>();
let onFetch: (event: object) => void;

beforeAll(async () => {
  vi.stubGlobal("BUILD", "build");
  vi.stubGlobal("FILES", []);
  vi.stubGlobal("registration", { scope: ROOT });
  vi.stubGlobal("caches", { open: async () => cache });
  vi.stubGlobal("fetch", network);
  vi.stubGlobal("addEventListener", (type: string, listener: typeof onFetch) => {
    if (type === "fetch") onFetch = listener;
  });
  await import("../../site/sw.ts");
});
afterAll(() => void vi.unstubAllGlobals());
beforeEach(() => {
  kept.clear();
  cache.put.mockClear();
});

/** What the worker answers; undefined where it leaves that to the browser. */
function answered(path: string, method = "GET"): Promise<Response> | undefined {
  let answer: Promise<Response> | undefined;
  const respondWith = (response: Promise<Response>): void => {
    answer = response;
  };
  onFetch({ request: new Request(new URL(path, ROOT), { method }), respondWith, waitUntil: () => {} });
  return answer;
}
const text = async (path: string): Promise<string> => (await answered(path)!).text();

test("online all comes from the server, and of reports what was looked at is kept", async () => {
  network.mockImplementation(async () => new Response("new"));
  kept.set(`${ROOT}index.html`, new Response("old"));
  expect(await text("")).toBe("new");
  expect(cache.put).not.toHaveBeenCalled();
  expect(await text("reports/a/report.html")).toBe("new");
  network.mockRejectedValue(new TypeError("offline"));
  expect([await text(""), await text("reports/a/report.html")]).toEqual(["old", "new"]);
  await expect(answered("reports/b/report.html")).rejects.toThrow("offline");
});

test("what cannot be kept is shown", async () => {
  network.mockImplementation(async () => new Response("new"));
  cache.put.mockRejectedValueOnce(new DOMException("no room", "QuotaExceededError"));
  expect(await text("reports/a/large.png")).toBe("new");
  network.mockImplementation(async () => new Response("part", { status: 206 }));
  expect(await text("reports/a/film.webm")).toBe("part");
  expect(cache.put).toHaveBeenCalledTimes(1);
});

test("a slow network is waited for where nothing is kept", async () => {
  vi.useFakeTimers();
  try {
    let arrive = (_: Response): void => {};
    network.mockImplementation(() => new Promise((resolve) => (arrive = resolve)));
    kept.set(`${ROOT}a.html`, new Response("old"));
    const [known, unknown] = [text("a.html"), text("b.html")];
    await vi.advanceTimersByTimeAsync(5000);
    expect(await known).toBe("old");
    arrive(new Response("late"));
    expect(await unknown).toBe("late");
  } finally {
    vi.useRealTimers();
  }
});

test("the studio's and other sites' files are left alone", () => {
  for (const path of ["studio/index.html", "/other/a.html", "https://elsewhere/site/a.html"]) {
    expect(answered(path)).toBeUndefined();
  }
  expect(answered("a.html", "POST")).toBeUndefined();
});
