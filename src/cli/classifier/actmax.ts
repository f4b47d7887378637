// Tests: test/cli/commands/actmax-class.test.ts
import { join } from "node:path";
import { Classifier, maximiseSeen, type Wanted } from "../../classifiers/index.ts";
import { UsageError } from "../../errors.ts";
import { fileName } from "../../report/gandissect.ts";
import { counted } from "../amount.ts";
import { type Climbed, climb, climbedText, drawImages } from "../climbs.ts";
import { EXIT } from "../exit.ts";
import type { TuneFlags } from "../gpu.ts";
import { loadingOf } from "../models.ts";
import { print } from "../terminal.ts";
import { withDevice, withFolder, withInterrupt } from "../with-folder.ts";
import { openClassNames } from "./classes.ts";
import { type ClassFlags, chosenClass } from "./look.ts";
import { lastMap, openNetwork } from "./network.ts";

/** What is maximised of a classifier, and how. */
export interface SeenFlags extends ClassFlags, TuneFlags {
  readonly layer?: string;
  readonly units?: readonly number[];
  readonly images: number;
  readonly seed: number;
  readonly steps: number;
  readonly rate?: number;
  readonly outdir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/**
 * Finds and draws the pictures that a classifier takes most for a class, or that drive units most;
 * resolves with the exit status.
 */
export function maximiseClassifier(options: SeenFlags & { readonly classifier: string }): Promise<number> {
  const { classifier: file, units = [], images, seed, steps, rate, classNames, edge, pixels, fit } = options;
  return withInterrupt(async (running) => {
    const { progress, signal, note } = running;
    const { name, network } = await openNetwork(file, { edge, pixels, fit }, loadingOf(running));
    const classes = await openClassNames(network.outputs[0]!.channels, classNames);
    const sought: { readonly of: string; readonly file: string; readonly wanted: Wanted }[] = [];
    if (units.length > 0) {
      const { layer = lastMap(network) } = options;
      if (options.layer === undefined) note(`No --layer given, so units are of ${layer}, the last map.`);
      for (const unit of units) {
        sought.push({ of: `${layer} unit ${unit}`, file: `${fileName(layer)}/unit_${unit}`, wanted: { layer, unit } });
      }
    }
    if (options.class !== undefined) {
      const { place, called } = chosenClass(classes, options.class);
      sought.push({ of: called, file: `class_${fileName(called)}`, wanted: { class: place } });
    }
    if (sought.length === 0) throw new UsageError("What is to be maximised?", "Give --class tabby or --units 3,17.");
    const found: Climbed[] = [];
    const output = { path: options.outdir ?? join("actmax", name), force: options.force, kind: "pictures" };
    const { folder, complete } = await withFolder(running, output, (folder) =>
      withDevice(running, { flags: options }, async (device) => {
        const classifier = await Classifier.define(network, { device, name }, { signal });
        const how = { images, seed, steps, signal, ...(rate !== undefined && { rate }) };
        for (const { of, file, wanted } of sought) {
          const { input } = await climb(of, maximiseSeen(classifier, wanted, how), { images, progress, found });
          const { edge: size } = classifier.view;
          await drawImages(folder, input, [size, size], file);
        }
      }),
    );
    const { json, text } = climbedText(found);
    if (options.json) {
      const all = { classifier: name, ...json, complete, outdir: folder.path, files: folder.written };
      print(`${JSON.stringify(all, null, 2)}\n`);
    } else if (found.length > 0) print(text);
    const what = `${counted(folder.written, "file")} in ${folder.path} (${running.took()})`;
    note(complete ? what : `Interrupted. ${what}`);
    return complete ? EXIT.ok : EXIT.aborted;
  });
}
