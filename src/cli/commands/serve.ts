import { existsSync } from "node:fs";
import { join } from "node:path";
import { GanatomyError, UsageError } from "../../errors.ts";
import { type Device, loadGenerator, loadSegmenter, Segmenter } from "../../index.ts";
import { folderFiles } from "../../node/folder-files.ts";
import { listen } from "../../node/http.ts";
import { nodeEncoder } from "../../node/photo/encoder.ts";
import { createHandler } from "../../server/handler.ts";
import type { Files, Project } from "../../server/project.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type GeneratorFlags, generatorOf, generatorOptions } from "../generator-flags.ts";
import { requestDevice, type TuneFlags } from "../gpu.ts";
import { untilAborted } from "../interrupt.ts";
import { loadingOf, openLabeller, openModel, type UnifiedFlags, unifiedOf } from "../models.ts";
import { named, whole } from "../options.ts";
import { type ReportFolder, reportsIn } from "../serve/reports.ts";
import { unifiedOptions } from "../shared-options.ts";
import { print } from "../terminal.ts";
import { type Running, SERVING, withDevice, withInterrupt } from "../with-folder.ts";

export interface ServeOptions extends GeneratorFlags, UnifiedFlags, TuneFlags {
  readonly port: number;
  readonly host: string;
  readonly client?: string;
  readonly token?: string;
  readonly cors?: string;
  readonly segmenter?: string;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

export const serveCommand: CliCommand<ServeOptions, [folder: string]> = {
  name: "serve",
  description: "answer GANPaint and other clients of gandissect's server, on reports of dissections",
  options: (command) =>
    unifiedOptions(
      generatorOptions(
        command.argument("<report>", "a report's folder, ours or gandissect's, or one that holds several"),
      ),
    )
      .option("--port <n>", "port, 0 for any that is free", whole("The port", 0, 65_535), 5001)
      .option("--host <address>", "address to listen on", named, "127.0.0.1")
      .option("--client <dir>", "a clone of CSAILVision/gandissect, whose pages are served too", named)
      .option("--token <secret>", "what clients must know; needed where other machines can ask", named)
      .option("--cors <origins>", "origins by commas whose pages may ask too", named)
      .option("--segmenter <dir|name>", "for dissections on demand, as for dissect", named)
      .option("--no-tune", "do not time the kernels on a GPU's first use"),
  help: "The model is the one that the report names, unless --model says another. docs/server.md has the routes.",
  run,
};

/** Serves until Ctrl-C; resolves with the exit status. */
function run(options: ServeOptions, folder: string): Promise<number> {
  return withInterrupt(async (running) => {
    const { host, token, port } = options;
    if (!LOOPBACK.includes(host) && token === undefined) {
      throw new UsageError(`Other machines can ask a server on ${host}.`, "Give a --token that clients must know.");
    }
    const client = options.client === undefined ? undefined : clientOf(options.client);
    const segmenter =
      options.segmenter === undefined ? undefined : await openLabeller(options.segmenter, unifiedOf(options));
    const reports = await reportsIn(folder);
    if (options.model !== undefined && reports.length > 1) {
      throw new UsageError(`"${folder}" holds ${reports.length} reports.`, "Name one of their folders with --model.");
    }
    await withDevice(running, { flags: options }, async (device) => {
      const projects: Project[] = [];
      for (const report of reports) {
        const project = await projectOf(report, options, device, running);
        const files = withEditor(folderFiles(report.path), client?.editor);
        const labeller = segmenter && { segmenter: await segmenterFor(project, segmenter, options) };
        projects.push({ ...project, ...labeller, files });
      }
      const handler = createHandler({
        projects,
        encoder: nodeEncoder(),
        token,
        device: () => requestDevice(running.note, running.signal, options),
        ...(!LOOPBACK.includes(host) && { hosts: "any" as const }),
        ...(options.cors !== undefined && { cors: options.cors.split(",").map((origin) => origin.trim()) }),
        ...(client && { client: client.files }),
        onError: (error) => running.note(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      });
      const { url, close } = await listen(handler, { port, host });
      try {
        print(addresses(url, projects, { pages: await pagesOf(client, projects), token }));
        running.note("Ctrl-C ends it.");
        await untilAborted(running.signal);
      } finally {
        await close();
        handler.dispose();
      }
    });
    return EXIT.ok;
  }, SERVING);
}

/** The report's generator on the device. */
async function projectOf(
  report: ReportFolder,
  options: ServeOptions,
  device: Device,
  running: Running,
): Promise<Project> {
  const { signal, note } = running;
  const { name, path, dissection } = report;
  const asked = options.model ?? report.model;
  if (asked === undefined) {
    throw new UsageError(`The report in "${path}" names no model that is here.`, "Give its file with --model.");
  }
  const model = await openModel(asked, loadingOf(running, options));
  const loading = { ...generatorOf(options), device, name: model.name, signal, onWarning: note };
  const generator = await loadGenerator(model.source, loading);
  for (const { layer, units } of dissection.layers) {
    const channels = generator.hiddenLayers.find((known) => known.name === layer)?.channels;
    if (channels === units.length) continue;
    const has = channels === undefined ? `no ${layer}` : `${channels} units in ${layer}`;
    throw new UsageError(
      `The report in "${path}" is of another model: it has ${units.length} units in ${layer}, and ${generator.name} has ${has}.`,
      "Give the right one with --model.",
    );
  }
  note(`${name}: ${generator.name}, ${dissection.layers.map(({ layer }) => layer).join(", ")}`);
  return { name, generator, dissection };
}

/** The published pages in a clone of gandissect. */
function clientOf(clone: string): { readonly files: Files; readonly editor: Files } {
  const pages = join(clone, "client_dist");
  if (!existsSync(join(pages, "index.html"))) {
    throw new GanatomyError(
      "not-found",
      `"${clone}" has no client_dist/index.html.`,
      "Name a clone of CSAILVision/gandissect.",
    );
  }
  return { files: folderFiles(pages), editor: folderFiles(join(clone, "netdissect")) };
}

/** A report's folder, with the clone's edit.html where it has none of its own. */
const withEditor = (files: Files, editor: Files | undefined): Files => ({
  read: async (path) => (await files.read(path)) ?? (path === "edit.html" ? editor?.read(path) : undefined),
});

/** What names the things in a generator's images. */
async function segmenterFor(
  { generator }: Project,
  { name, files }: Awaited<ReturnType<typeof openLabeller>>,
  options: ServeOptions,
): Promise<Segmenter> {
  return files
    ? loadSegmenter(files, { device: generator.device, name, ...unifiedOf(options) })
    : Segmenter.self(generator, { name });
}

/** Pages that are there: the clone's, and those of projects after their names. */
type Pages = ReadonlySet<string>;

/** Not all clones have all pages, and gandissect's reports have none of ours. */
async function pagesOf(client: { readonly files: Files } | undefined, projects: readonly Project[]): Promise<Pages> {
  const asked: [name: string, files: Files | undefined, path: string][] = [
    ["index.html", client?.files, "index.html"],
    ["ganpaint.html", client?.files, "ganpaint.html"],
    ...projects.flatMap(({ name, files }) =>
      ["report.html", "edit.html"].map((page): (typeof asked)[number] => [`${name}/${page}`, files, page]),
    ),
  ];
  const there = await Promise.all(asked.map(async ([, files, path]) => (await files?.read(path)) !== undefined));
  return new Set(asked.filter((_, at) => there[at]).map(([name]) => name));
}

/** Where to look, for whoever started it. */
function addresses(
  url: string,
  projects: readonly Project[],
  { pages, token }: { readonly pages: Pages; readonly token: string | undefined },
): string {
  const secret = (path: string): string =>
    token === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
  const lines = projects.flatMap(({ name, dissection, generator }) => {
    const layer = dissection?.layers[0]?.layer ?? generator.hiddenLayers[0]!.name;
    const ids = Array.from({ length: 16 }, (_, i) => i).join(",");
    const query = `expert=1&project=${encodeURIComponent(name)}&layer=${encodeURIComponent(layer)}&ids=..${ids}`;
    const data = `data/${encodeURIComponent(name)}`;
    return [
      ...["report.html", "edit.html"].filter((page) => pages.has(`${name}/${page}`)).map((page) => `${data}/${page}`),
      ...(pages.has("ganpaint.html") ? [`client/ganpaint.html?${query}`] : []),
    ];
  });
  const all = [...(pages.has("index.html") ? ["client/index.html"] : []), "api/all_projects", ...lines];
  return `${all.map((path) => secret(url + path)).join("\n")}\n`;
}
