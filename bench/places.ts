/** Where the runner put what the page needs. */
export interface Places {
  /** The runner's server. It serves `weights/`, and Python as `torch`. */
  readonly server: string;
  /** TensorFlow.js with its WebGPU backend, as a module to import. */
  readonly tfjs: string;
  /** jax-js, as a module to import. */
  readonly jax: string;
  /** The folder of onnxruntime-web's scripts and WebAssembly. */
  readonly ort: string;
  /**
   * onnxruntime-web's script for several threads on the CPU: what starts them is another in Node
   * than in a page.
   */
  readonly ortThreads: string;
  /** Names of those who take part. */
  readonly peers: readonly string[];
}

/** Reads a file under `weights/`. */
export type Files = (path: string) => Promise<ArrayBuffer>;

export const filesOf =
  ({ server }: Places): Files =>
  async (path) => {
    const response = await fetch(`${server}weights/${path}`);
    if (!response.ok) throw new Error(`There is no weights/${path}.`);
    return response.arrayBuffer();
  };
