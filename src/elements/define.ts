// Tests: test/elements/registry.test.ts

import { define } from "./registry.ts";

export { define };

define();
