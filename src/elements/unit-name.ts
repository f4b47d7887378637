import type { UnitName } from "../session/session.ts";

// Tests: test/elements/unit-name.test.ts

/** The unit of an attribute such as "layer4/24"; undefined for what names none. */
export function unitNamed(text: string): UnitName | undefined {
  const parts = /^(.+)\/(\d+)$/.exec(text.trim());
  return parts ? { layer: parts[1]!, unit: Number(parts[2]) } : undefined;
}
