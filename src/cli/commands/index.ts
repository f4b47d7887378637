// Tests: test/cli/program.test.ts
import type { AnyCommand } from "../command.ts";
import { ablateCommand } from "./ablate.ts";
import { aceCommand } from "./ace.ts";
import { actmaxCommand } from "./actmax.ts";
import { artifactsCommand } from "./artifacts.ts";
import { compareCommand } from "./compare.ts";
import { contextCommand } from "./context.ts";
import { convertCommand } from "./convert.ts";
import { dissectCommand } from "./dissect.ts";
import { distanceCommand } from "./distance.ts";
import { doctorCommand } from "./doctor.ts";
import { exportCommand } from "./export.ts";
import { generateCommand } from "./generate.ts";
import { infoCommand } from "./info.ts";
import { insertCommand } from "./insert.ts";
import { invertCommand } from "./invert.ts";
import { mergeCommand } from "./merge.ts";
import { occludeCommand } from "./occlude.ts";
import { partCommand } from "./part.ts";
import { planCommand } from "./plan.ts";
import { reportCommand } from "./report.ts";
import { segmentCommand } from "./segment.ts";
import { serveCommand } from "./serve.ts";
import { studioCommand } from "./studio.ts";
import { unitImportanceCommand } from "./unit-importance.ts";
import { walkCommand } from "./walk.ts";

/** All commands, in the order of `ganatomy --help`. */
export const COMMANDS: readonly AnyCommand[] = [
  dissectCommand,
  planCommand,
  partCommand,
  mergeCommand,
  generateCommand,
  ablateCommand,
  insertCommand,
  aceCommand,
  contextCommand,
  compareCommand,
  actmaxCommand,
  occludeCommand,
  unitImportanceCommand,
  invertCommand,
  walkCommand,
  distanceCommand,
  artifactsCommand,
  segmentCommand,
  studioCommand,
  serveCommand,
  infoCommand,
  exportCommand,
  reportCommand,
  convertCommand,
  doctorCommand,
];
