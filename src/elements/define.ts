// Tests: test/elements/registry.test.ts

import { define } from "./registry.ts";

export { define };

// Servers that render a page's markup have none.
if ("customElements" in globalThis) define();
