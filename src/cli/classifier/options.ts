// Tests: test/cli/program.test.ts
import { type Command, Option } from "commander";
import { PIXELS } from "../../networks/classifiers/network.ts";
import { whole } from "../options.ts";

/** How a classifier sees photographs, which is in no file. */
export const viewOptions = (command: Command): Command =>
  command
    .option("--edge <px>", "edge of what the classifier sees (default: its family's)", whole("The edge", 8, 4096))
    .addOption(
      new Option("--fit <how>", "crop the middle of the shorter side, or squash all (default: crop)").choices([
        "crop",
        "squash",
      ]),
    )
    .addOption(
      new Option("--pixels <name>", "what the classifier was trained to be given (default: its family's)").choices(
        Object.keys(PIXELS),
      ),
    );
