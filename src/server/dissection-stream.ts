import { dissect } from "../load.ts";
import { toReport } from "../report/report.ts";
import { VERSION } from "../version.ts";
import { type Call, layersOf, queriedProject } from "./call.ts";
import { wholeOf } from "./fields.ts";
import type { ServedProject } from "./project.ts";
import { badRequest, notFound, Refused, refusal } from "./refused.ts";

// Tests: test/server/v1.test.ts

const DEFAULT_SIZE = 1000;
export const MOST_IMAGES = 100_000;
/** Of the last event: whoever comes again with it has seen all. */
const LAST = "result";

/** Projects that are being dissected: one dissection fills a GPU. */
const running = new WeakSet<ServedProject>();

/**
 * Begins a dissection of a project; what it returns ends it.
 * @throws Refused 429 while there is another.
 */
export function claim(project: ServedProject): () => void {
  if (running.has(project)) {
    const fix = "Wait until it ends.";
    throw new Refused(429, "busy", `${project.name} is being dissected already.`, fix, { "retry-after": "60" });
  }
  running.add(project);
  return () => running.delete(project);
}

/**
 * ?project=&layers=a,b&size=1000&seed=1: a dissection as server-sent events: `progress` {phase,
 * done, total}, then `result`, which is a `report.json`, or `failed`, which is an error's body. It
 * ends when nobody listens any more.
 */
export async function dissectionStream(call: Call): Promise<Response> {
  const { url, lastEvent } = call;
  // An EventSource connects again when a stream ends; this tells it not to.
  if (lastEvent === LAST) return new Response(null, { status: 204 });
  const project = queriedProject(call);
  if (!project.segmenter) throw notFound(`${project.name} has no segmenter.`, "Start the server with one.");
  const query = (name: string, preset: number, least: number, most: number): number => {
    const text = url.searchParams.get(name);
    return wholeOf(text === null ? preset : Number(text), name, least, most);
  };
  const names = url.searchParams.get("layers")?.split(",");
  const settings = {
    layers: layersOf(names, project).map(({ name }) => name),
    size: query("size", DEFAULT_SIZE, 1, MOST_IMAGES),
    seed: query("seed", 1, 0, 2 ** 32 - 1),
  };
  if (settings.layers.length === 0) throw badRequest("There are no layers.", "Name some, such as layers=layer4.");
  const release = claim(project);
  try {
    // On another device, if theirs was lost.
    await project.renderer.turn(async () => project.generator.device.check(), call.signal);
  } catch (error) {
    release();
    throw error;
  }
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const events = eventsOf(project, { ...settings, signal }, release);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel(reason) {
      stop.abort(reason);
      await events.return(undefined);
      running.delete(project); // if it had not begun
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

async function* eventsOf(
  project: ServedProject,
  settings: {
    readonly layers: readonly string[];
    readonly size: number;
    readonly seed: number;
    readonly signal: AbortSignal;
  },
  release: () => void,
): AsyncGenerator<string, void, undefined> {
  try {
    for await (const event of dissect(project.generator, project.segmenter!, settings)) {
      if (event.type === "progress") {
        const { phase, done, total } = event;
        yield message("progress", { phase, done, total });
      }
      if (event.type !== "result") continue;
      const provenance = { generator: { name: "ganatomy", version: VERSION } };
      yield `id: ${LAST}\n${message("result", toReport(event.dissection, provenance))}`;
    }
  } catch (error) {
    yield `id: ${LAST}\n${message("failed", await refusal(error).json())}`;
  } finally {
    release();
  }
}

const message = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
