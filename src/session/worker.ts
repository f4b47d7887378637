/**
 * A session in a worker: dedicated, shared, or a service worker. One file without others, since
 * `import()` throws in service workers. It exports nothing: who starts it is `connect`.
 *
 * @module
 */

import { serveScope, type WorkerScope } from "./scope.ts";

// Tests: test/browser/session.test.ts

serveScope(globalThis as unknown as WorkerScope);
