import { WeightsError } from "../errors.ts";
import type { PictureOptions, Session } from "../session/session.ts";
import { memorySource } from "../weights/bytes.ts";
import { type Call, projectOf } from "./call.ts";
import { claim, MOST_IMAGES } from "./dissection-stream.ts";
import { type Fields, listOf, textOf, wholeOf } from "./fields.ts";
import { base64 } from "./pictures.ts";
import type { ServedProject } from "./project.ts";
import { badRequest, Refused, refusal } from "./refused.ts";

// Tests: test/server/session-routes.test.ts, test/session/session.test.ts

// What `connect({ url })` of ganatomy/session asks: a `Session`'s questions by their names, each
// with its options as JSON and the project beside them.

type Route = Readonly<Partial<Record<"GET" | "POST", (call: Call) => Promise<Response>>>>;

/** What is known already, and what must be computed in turn. */
const KNOWN = ["units", "concepts"] as const;
const COMPUTED = ["pixel", "region", "levels", "topImages", "effect"] as const;
type Question = (typeof KNOWN)[number] | (typeof COMPUTED)[number];

/** Where files of latents are sent. */
export const LATENTS = "/v1/session/latents";

export const SESSION: Readonly<Record<string, Route>> = {
  "/v1/session": { GET: opened },
  ...Object.fromEntries(
    [...KNOWN, ...COMPUTED].map((name) => [`/v1/session/${name}`, { POST: (call: Call) => asked(call, name) }]),
  ),
  "/v1/session/picture": { POST: picture },
  [LATENTS]: { POST: latents },
  "/v1/session/unload": { POST: unload },
  "/v1/session/thumbnails": { POST: thumbnails },
  "/v1/session/dissect": { POST: dissect },
};

/** Names in a list: more layers, units and quantiles than anybody has. */
const MOST_NAMES = 8_192;
/** Characters of a file's name. */
const MOST_NAME = 200;
const MOST_QUANTILES = 1_000;

/** ?project=, which can be left out where there is one: what there is to look at. */
async function opened(call: Call): Promise<Response> {
  const name = call.url.searchParams.get("project") ?? onlyProject(call);
  const project = projectOf(call, name);
  const { loaded } = await project.session(call.encoder);
  const { latents: _, ...everybodys } = loaded!; // whoever knows a hash may ask for it
  return Response.json({ project: project.name, loaded: everybodys });
}

/** ?project=&name=, and a file as the body: images of the client's own, held for whoever has it. */
async function latents({ url, file, encoder, signal, ...served }: Call): Promise<Response> {
  const query = url.searchParams;
  const project = projectOf({ ...served, encoder }, query.get("project") ?? onlyProject(served));
  const session = await project.session(encoder);
  const source = memorySource(file!, textOf(query.get("name") ?? "latents", "name").slice(0, MOST_NAME));
  try {
    // In turn: what is unpacked meanwhile is one file's, and the newest that is held is this one.
    const { latents: held } = await project.renderer.turn(() => session.load({ latents: source, signal }), signal);
    return Response.json(held!.at(-1));
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    // The file is theirs, and so is what is said of it.
    throw new Refused(400, error.code, error.message.replace(error.fix, "").trim(), error.fix);
  }
}

/** Holds a file of latents no longer; what else is held, nobody is told. */
async function unload(call: Call): Promise<Response> {
  const { session, options } = await askedOf(call);
  await session.unload({ ...options, signal: call.signal } as never);
  return Response.json({});
}

const onlyProject = ({ projects }: Pick<Call, "projects">): string | undefined =>
  projects.size === 1 ? [...projects.keys()][0] : undefined;

interface Asked {
  readonly project: ServedProject;
  readonly session: Session;
  readonly options: Fields;
}

/** Whom a request asks, and what. */
async function askedOf(call: Call): Promise<Asked> {
  const { project: named, ...options } = call.fields;
  const project = projectOf(call, named ?? onlyProject(call));
  checkAmounts(options, project, call);
  return { project, session: await project.session(call.encoder), options };
}

/**
 * Refuses what would take more than the handler's limits let; what else is wrong the session says.
 * @throws Refused 400.
 */
function checkAmounts(
  { image, toward, strokes, mask, layers, units, quantiles, size }: Fields,
  { generator }: ServedProject,
  { limits }: Call,
): void {
  if (image !== undefined) wholeOf(image, "image", 0, limits.lastId);
  for (const other of Array.isArray(toward) ? toward : []) {
    const to = (other as Fields | null)?.["image"];
    if (to !== undefined) wholeOf(to, "image of toward", 0, limits.lastId);
  }
  if (layers !== undefined) listOf(layers, "layers", generator.layers.length);
  if (units !== undefined) listOf(units, "units", MOST_NAMES);
  if (quantiles !== undefined) listOf(quantiles, "quantiles", MOST_QUANTILES);
  if (size !== undefined) wholeOf(size, "size", 1, MOST_IMAGES);
  const masks = [mask, ...(Array.isArray(strokes) ? strokes : []).map((stroke) => (stroke as Fields | null)?.["mask"])];
  const pixels = masks.reduce((sum: number, each) => {
    const [height, width] = ((each as Fields | null | undefined)?.["size"] ?? []) as readonly unknown[];
    return sum + Number(height ?? 0) * Number(width ?? 0);
  }, 0);
  if (pixels > limits.maskPixels) {
    throw badRequest(`The masks have ${pixels} cells.`, `Send up to ${limits.maskPixels} in all.`);
  }
}

/** A question's answer; arrays of numbers are lists. */
async function asked(call: Call, name: Question): Promise<Response> {
  const { project, session, options } = await askedOf(call);
  const { signal } = call;
  const ask = async (): Promise<unknown> => session[name]({ ...options, signal } as never);
  const isKnown = (KNOWN as readonly string[]).includes(name);
  const answer = await (isKnown ? ask() : project.renderer.turn(ask, signal));
  return new Response(toJson(answer), { headers: { "content-type": "application/json" } });
}

const toJson = (answer: unknown): string =>
  JSON.stringify(answer, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value));

/** An image's bytes: RGBA, or a PNG. */
async function picture(call: Call): Promise<Response> {
  const { project, session, options } = await askedOf(call);
  const { signal } = call;
  const asked: PictureOptions = { ...options, signal };
  const { data } = await project.renderer.turn(() => session.picture(asked), signal);
  const type = asked.type === "png" ? "image/png" : "application/octet-stream";
  return new Response(data, { headers: { "content-type": type } });
}

/** Each takes a turn, so that whoever paints meanwhile need not wait for all. */
async function thumbnails(call: Call): Promise<Response> {
  const { project, session, options } = await askedOf(call);
  return streamed(call, (signal) => {
    const items = session.thumbnails({ ...options, signal } as never)[Symbol.asyncIterator]();
    return {
      next: async () => {
        const { done = false, value } = await project.renderer.turn(() => items.next(), signal);
        return done ? { done, value } : { done, value: { ...value, rgba: base64(value.rgba) } };
      },
      return: () => items.return!(),
    };
  });
}

async function dissect(call: Call): Promise<Response> {
  const { project, session, options } = await askedOf(call);
  const release = claim(project);
  try {
    return await streamed(call, (signal) => session.dissect({ ...options, signal })[Symbol.asyncIterator](), release);
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * A stream as lines of JSON: `{event}` each, then `{done: true}`, or `{error}`. What is wrong with
 * the question is its answer's status. It ends when nobody listens.
 * @param ended told once when there will be no more, unless this throws.
 */
async function streamed(
  call: Call,
  start: (signal: AbortSignal) => AsyncIterator<unknown>,
  ended: () => void = () => {},
): Promise<Response> {
  const stop = new AbortController();
  const items = start(AbortSignal.any([call.signal, stop.signal]));
  let next = items.next();
  await next;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const send = (line: object): void => controller.enqueue(encoder.encode(`${toJson(line)}\n`));
      try {
        const { done, value } = await next;
        if (!done) {
          send({ event: value });
          next = items.next();
          next.catch(() => {}); // it is told when it is asked for
          return;
        }
        send({ done: true });
      } catch (error) {
        send({ error: (await refusal(error).json()).error });
      }
      ended();
      controller.close();
    },
    async cancel(reason) {
      stop.abort(reason);
      ended();
      await items.return?.();
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}
