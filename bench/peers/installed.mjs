// Tests: test/bench/peers.test.ts, test/weights/tfjs.test.ts

/**
 * One of these packages for a test, which npm does not resolve from there; by a name that the
 * compiler does not follow, since some declare another WebGPU than ours.
 *
 *
 * @param {string} name such as `@tensorflow/tfjs-core`
 */
export const peer = (name) => import(/* @vite-ignore */ name);
