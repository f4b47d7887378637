import { fold } from "../runtime/graph.ts";

// Tests: test/kernels/maps/pointwise.test.ts

/** Workgroups of 64 for so many invocations. */
export const lanes = (invocations: number): readonly [number, number, number] => fold(Math.ceil(invocations / 64));
