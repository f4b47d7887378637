#!/usr/bin/env node
import module from "node:module";

// Node 22.1 and later keep what they compiled of the modules that are loaded from now on, in the
// system's folder for temporary files (NODE_COMPILE_CACHE names another,
// NODE_DISABLE_COMPILE_CACHE=1 keeps none). Hence a module of its own.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const { main } = await import("./command-line.ts");
process.exitCode = await main(process.argv.slice(2));
