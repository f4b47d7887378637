import { type Command, Option } from "commander";
import { heads } from "./options.ts";

/** Which of a unified parsing network's labels are wanted. */
export const unified = (command: Command): Command =>
  command
    .option(
      "--heads <names>",
      "heads of a unified parsing network to read: object,material,part (default: all it has)",
      heads,
    )
    .addOption(
      new Option("--segdiv <how>", "quad also splits every object in halves, as gandissect does for GANs").choices([
        "undivided",
        "quad",
      ]),
    )
    .addOption(
      new Option("--parts <whose>", "parts of sky, building and person, or of all objects").choices(["default", "all"]),
    );
