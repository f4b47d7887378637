import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { labelColors } from "../../src/report/colors.ts";
import type { Stroke } from "../../src/session/recipe.ts";
import type { Rendered, Session, View } from "../../src/session/session.ts";
import { canvasOf, FakeCanvas } from "./canvas.ts";
import { inProcess, overHttp, type Place, scenes64 } from "./places.ts";

const stroke = (id: string, more: Partial<Stroke> = {}): Stroke => ({
  id,
  op: "remove",
  units: [24, 59, 126],
  ...more,
});

/** The next drawing that passes. */
const drawn = (view: View, passes: (event: Rendered) => boolean = () => true): Promise<Rendered> =>
  new Promise((resolve) => {
    const end = view.on("rendered", (event) => {
      if (!passes(event)) return;
      end();
      resolve(event);
    });
  });

/** How many of the bytes differ by more than rounding. */
const different = (a: Uint8Array, b: Uint8Array): number => {
  expect(a.length).toBe(b.length);
  return a.filter((value, at) => Math.abs(value - b[at]!) > 1).length;
};

describe.each([
  ["in process", async () => inProcess()],
  ["over HTTP", overHttp],
])("views %s", (_, open) => {
  let place: Place;
  let session: Session;
  beforeAll(async () => {
    place = await open();
    session = place.session;
    if (!session.loaded) await session.load(await scenes64());
  });
  afterAll(() => place?.close());

  const rgb = async (options: Parameters<Session["picture"]>[0]): Promise<Uint8Array> =>
    (await session.picture(options)).data.filter((_, at) => at % 4 !== 3);

  test("a view shows its image, then its strokes, the newest when there are many", async () => {
    const canvas = new FakeCanvas();
    const view = session.view(canvasOf(canvas), { image: 3 });
    await drawn(view);
    expect([canvas.height, canvas.width, canvas.configured]).toEqual([64, 64, 1]);
    expect(different(await canvas.rgb(), await rgb({ image: 3 }))).toBe(0);

    view.set({ layer: "layer4" });
    const events: Rendered[] = [];
    const end = view.on("rendered", (event) => events.push(event));
    const last = drawn(view, ({ id }) => id === "p");
    for (let i = 0; i <= 20; i += 1) view.stroke(stroke("p", { value: i / 4 }));
    expect((await last).ms).toBeGreaterThan(0);
    end();
    expect(events.length).toBeLessThan(5);
    expect(view.state).toMatchObject({ image: 3, layer: "layer4", strokes: [stroke("p", { value: 5 })] });
    const edited = await rgb({ image: 3, layer: "layer4", strokes: view.state.strokes });
    expect(different(await canvas.rgb(), edited)).toBe(0);
    expect(different(edited, await rgb({ image: 3 }))).toBeGreaterThan(100);
    expect(canvas.configured).toBe(1);
    view.dispose();
  });

  test("a view shows its image while the quantiles are counted that a stroke inserts", async () => {
    const counted: number[] = [];
    const end = session.on(
      "progress",
      ({ phase, done, total }) => phase === "quantiles" && counted.push(done / total!),
    );
    const canvas = new FakeCanvas();
    const removed = stroke("r", { mask: { size: [1, 2], cells: [1, 1] } });
    const own = { image: 3, layer: "layer6", strokes: [removed, stroke("d", { op: "draw" })] };
    const view = session.view(canvasOf(canvas), own);
    let drawings = 0;
    const whole = drawn(view, () => ++drawings === 2);
    await drawn(view);
    expect(counted).not.toContain(1);
    expect(different(await canvas.rgb(), await rgb({ ...own, strokes: [removed] }))).toBe(0);
    await whole;
    expect(different(await canvas.rgb(), await rgb(own))).toBe(0);
    expect(different(await rgb(own), await rgb({ ...own, strokes: [removed] }))).toBeGreaterThan(100);
    end();
    view.dispose();
  });

  test("views of several images share strokes, and are drawn in turn", async () => {
    const canvases = Array.from({ length: 4 }, () => new FakeCanvas());
    const views = canvases.map((canvas, image) => session.view(canvasOf(canvas), { image, layer: "layer4" }));
    const strokes = [stroke("a", { value: 3, op: "draw", mask: { size: [8, 8], cells: [3, 30] } })];
    for (const view of views) view.set({ strokes });
    await Promise.all(views.map((view) => drawn(view, ({ id }) => id === "a")));
    // Once more, so that features that were kept are shown.
    for (const view of views) view.set({ strokes: [...strokes, stroke("b", { units: [1] })] });
    await Promise.all(views.map((view) => drawn(view, ({ id }) => id === "b")));
    for (const [image, canvas] of canvases.entries()) {
      const { strokes } = views[image]!.state;
      expect(different(await canvas.rgb(), await rgb({ image, layer: "layer4", strokes }))).toBe(0);
    }
    for (const view of views) view.dispose();
  });

  test("a view shows labels in their colours, and a unit", async () => {
    const canvas = new FakeCanvas();
    const view = session.view(canvasOf(canvas), { image: 3, view: "labels" });
    await drawn(view);
    const shown = await canvas.rgb();
    expect(shown).toEqual(await rgb({ image: 3, view: "labels" }));
    const colors = labelColors(session.loaded!.labels).map(String);
    const { labels } = await session.pixel({ image: 3, y: 40, x: 20, layers: ["layer4"] });
    const at = 3 * (40 * 64 + 20);
    expect(colors.indexOf(String([...shown.subarray(at, at + 3)]))).toBe(labels[0]);

    view.set({ view: "unit", unit: { layer: "layer4", unit: 24 } });
    await drawn(view);
    const heat = await canvas.rgb();
    expect(heat).toEqual(await rgb({ image: 3, view: "unit", unit: { layer: "layer4", unit: 24 } }));
    expect(different(heat, shown)).toBeGreaterThan(100);
    view.dispose();
  });

  test("what cannot be drawn is told, with the view, and the next that can is drawn", async () => {
    const canvas = new FakeCanvas();
    const view = session.view(canvasOf(canvas), { image: 3 });
    await drawn(view);
    const told = new Promise<string>((resolve) => {
      const end = session.on("error", ({ error, view: of }) => {
        end();
        expect(of).toBe(view);
        resolve(error.message);
      });
    });
    view.set({ layer: "layer4", strokes: [stroke("a", { units: [999] })] });
    expect(await told).toMatch(/layer4 has no unit 999/);
    const again = drawn(view);
    view.set({ strokes: [] });
    await again;
    expect(different(await canvas.rgb(), await rgb({ image: 3 }))).toBe(0);
    view.dispose();
  });

  test("a recipe goes from one view to another", async () => {
    const [from, to] = [new FakeCanvas(), new FakeCanvas()];
    const view = session.view(canvasOf(from), { image: 5, seed: 2, layer: "layer6", strokes: [stroke("a")] });
    await drawn(view);
    const recipe = view.recipe();
    expect(recipe).toEqual({
      version: 1,
      model: { name: "scenes64" },
      segmenter: { name: session.loaded!.segmenter!.name },
      seed: 2,
      image: 5,
      layer: "layer6",
      strokes: [stroke("a")],
    });
    const other = session.view(canvasOf(to));
    other.setRecipe(JSON.parse(JSON.stringify(recipe)));
    await drawn(other, ({ id }) => id === "a");
    expect(await to.rgb()).toEqual(await from.rgb());
    expect(() => other.setRecipe({ ...recipe, model: { name: "church" } })).toThrow(
      /This recipe is of church, and the generator here is scenes64/,
    );
    expect(other.state.image).toBe(5);
    view.dispose();
    other.dispose();
  });

  test("a view that is disposed is drawn no more", async () => {
    const canvas = new FakeCanvas();
    const view = session.view(canvasOf(canvas));
    await drawn(view);
    let count = 0;
    view.on("rendered", () => {
      count += 1;
    });
    view.dispose();
    view.set({ image: 1 });
    view.stroke(stroke("a"));
    await session.picture({ image: 2 });
    await session.picture({ image: 3 });
    expect(count).toBe(0);
  });

  test("a canvas that cannot be drawn on is refused", () => {
    expect(() => session.view({ getContext: () => null } as never)).toThrow(/no canvas that .* can/);
    expect(() => session.view(undefined as never)).toThrow(/no canvas that .* can/);
  });
});

test("questions that nobody wants answered any more are not run", async () => {
  const place = inProcess();
  const { session } = place;
  await session.load(await scenes64());
  const question = { image: 5, y: 3, x: 4, layers: ["layer4"] };
  await session.pixel(question);
  const submitted = vi.spyOn(place.devices.at(-1)!.gpu.queue, "submit");
  await session.pixel(question);
  const each = submitted.mock.calls.length;
  const stop = new AbortController();
  const first = session.pixel(question);
  const others = Array.from({ length: 20 }, () => session.pixel({ ...question, signal: stop.signal }));
  const settled = Promise.allSettled(others);
  stop.abort(new Error("moved on"));
  const last = session.pixel(question);
  expect(await last).toEqual(await first);
  for (const other of await settled) {
    expect(other).toMatchObject({ status: "rejected", reason: { message: "moved on" } });
  }
  expect(submitted.mock.calls.length).toBe(3 * each);
  submitted.mockRestore();
  await place.close();
});
