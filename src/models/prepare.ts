import { Plan } from "../runtime/plan.ts";
import type { Generator } from "./generator.ts";
import { type CompileGeneratorOptions, describe } from "./generator-plan.ts";

// Tests: test/models/prepare.test.ts

/**
 * Begins to compile what a plan of these options will run, which needs no weights: they may be on
 * their way meanwhile. What fails here fails there again, where it is said.
 * @throws UsageError for layers that there are not.
 */
export function prepare(generator: Generator, options: CompileGeneratorOptions): void {
  Plan.prepare(generator.device, describe(generator, options, generator.device.tuned).graph);
}
