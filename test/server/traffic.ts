import { encode } from "fast-png";

/** A request of one of the published pages. */
export interface Sent {
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

// What the three published front ends of gandissect (f55fc568) were seen to send from headless
// Chromium, as shapes: fields, their order, and what is empty in them. None of their code is here.

/** A PNG of a stroke as their canvases give it: transparent where nothing was painted. */
export function strokePng(edge: number, [top, left, bottom, right]: readonly [number, number, number, number]): string {
  const data = new Uint8Array(edge * edge * 4);
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) data.set([20, 190, 210, 255], 4 * (y * edge + x));
  }
  return `data:image/png;base64,${Buffer.from(encode({ width: edge, height: edge, data, channels: 4 })).toString("base64")}`;
}

const record = (unit: number, value: number) => ({ layer: "layer4", unit, alpha: 1, value });

/** `ganpaint.html?expert=1`: opens, paints twice, removes. */
export function ganpaint(levels: readonly number[], units: readonly number[]): Sent[] {
  const generate = (body: object): Sent => ({ path: "/api/generate", body: { ...body } });
  const stroke = (box: readonly [number, number, number, number], remove: boolean) => ({
    ablations: units.slice(0, 15).map((unit) => record(unit, remove ? 0 : levels[unit]!)),
    mask: { shape: [], bitbounds: [], bitstring: strokePng(32, box) },
  });
  const first = stroke([12, 10, 22, 20], false);
  const second = stroke([4, 20, 6, 30], false);
  const third = stroke([12, 10, 16, 14], true);
  const painted = (...interventions: readonly object[]): Sent =>
    generate({ project: "scenes", ids: [2], wantz: 0, interventions, return_urls: 0 });
  return [
    { path: "/api/all_projects" },
    { path: "/api/rankings?project=scenes&layer=layer4" },
    { path: "/api/levels?project=scenes&layer=layer4&quantiles=0.99" },
    generate({ ablations: [], project: "scenes", ids: [1, 2, 3, 4], wantz: 0 }),
    generate({ ablations: [], project: "scenes", ids: [2], wantz: 0 }),
    painted(first),
    painted(first, second),
    painted(first, second, third),
  ];
}

/** `index.html`, "ganclient": opens, shows two images, and an ablated and a painted column. */
export function ganclient(levels: readonly number[]): Sent[] {
  const removed = Array.from({ length: 20 }, (_, unit) => ({ layer: "layer4", unit, alpha: 1 }));
  const copied = Array.from({ length: 20 }, (_, unit) => record(unit + 30, levels[unit + 30]!));
  const mask = { shape: [], bitbounds: [], bitstring: strokePng(256, [100, 80, 180, 160]) };
  return [
    { path: "/api/all_projects" },
    { path: "/api/rankings?project=scenes&layer=layer4" },
    { path: "/api/levels?project=scenes&layer=layer4&quantiles=0.99" },
    { path: "/api/units?project=scenes&layer=layer4" },
    { path: "/api/generate", body: { ablations: [], project: "scenes", ids: [3, 4], wantz: 0 } },
    { path: "/api/generate", body: { ablations: removed, project: "scenes", ids: [3, 4], wantz: 0 } },
    {
      path: "/api/generate",
      body: {
        project: "scenes",
        ids: [3],
        wantz: 0,
        interventions: [{ ablations: removed }, { ablations: copied, mask }],
        return_urls: 0,
      },
    },
  ];
}

/** `edit.html`: opens, copies what is at a pixel of one image to a pixel of another. */
export function edit(): Sent[] {
  const ids = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
  const pixel = (y: number, x: number) => ({ shape: [256, 256], bitbounds: [y, x, y + 1, x + 1], bitstring: "1" });
  const copied = [25, 34, 79].map((unit) => record(unit, 3.5));
  const intervention = (ablations: readonly object[]) => [
    { ablations: [{ layer: "layer4", unit: 5, alpha: 1 }] },
    { ablations, mask: pixel(130, 128) },
  ];
  const generate = (ids: readonly number[], interventions: readonly object[]): Sent => ({
    path: "/api/generate",
    body: { project: "scenes", wantz: 0, ids, interventions },
  });
  return [
    { path: "/data/scenes/dissect.json" },
    generate(ids, []),
    {
      path: "/api/features",
      body: { project: "scenes", ids: [10], masks: [pixel(153, 102)], layers: ["layer4"] },
    },
    generate(ids.slice(1), [{ ablations: [{ layer: "layer4", unit: 5, alpha: 1 }] }]),
    generate([10], intervention(copied)),
    generate([10], intervention([])),
  ];
}
