import { existsSync } from "node:fs";
import { join } from "node:path";
import { GanatomyError } from "../../errors.ts";
import { listen } from "../../node/http.ts";
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { generatorOptions } from "../generator-flags.ts";
import { untilAborted } from "../interrupt.ts";
import { loadingOf } from "../models.ts";
import { named, whole } from "../options.ts";
import { packageRoot } from "../package.ts";
import { type GivenFlags, givenTo, OPEN } from "../studio/given.ts";
import { studioHandler } from "../studio/handler.ts";
import { print } from "../terminal.ts";
import { SERVING, withInterrupt } from "../with-folder.ts";

export interface StudioOptions extends GivenFlags {
  readonly port: number;
}

export const studioCommand: CliCommand<StudioOptions, [folder: string | undefined]> = {
  name: "studio",
  description: "paint with units in the browser: serve the studio to this machine",
  options: (command) =>
    generatorOptions(command.argument("[report]", "a report's folder, ours or gandissect's, to open it on"))
      .option("--port <n>", "port, 0 for any that is free", whole("The port", 0, 65_535), 5002)
      .option(
        "--latents <file>",
        "show these images of one's own: an inversion.safetensors, or rows of z or w, as .npy or .safetensors",
        named,
      )
      .option("--segmenter <dir|name>", "what names the things in images, as for dissect", named),
  help: "It computes in the browser, on the GPU of whoever opens it. docs/studio.md has the rest.",
  run: ({ port, ...flags }, folder) =>
    withInterrupt(async (running) => {
      const { note, signal } = running;
      const root = packageRoot();
      if (!existsSync(join(root, "dist/studio/index.html"))) {
        throw new GanatomyError(
          "not-found",
          "The studio is not built.",
          "Run `npm run build`, or install the package again.",
        );
      }
      const given = await givenTo(folder, flags, loadingOf(running, flags));
      const { url, close } = await listen(studioHandler(root, given), { port });
      print(`${url}${given.size > 0 ? `?open=${OPEN}` : ""}\n`);
      note("Ctrl-C ends it.");
      await untilAborted(signal);
      await close();
      return EXIT.ok;
    }, SERVING),
};
