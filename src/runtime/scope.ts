/** Resources that are let go together, the last made first. */
export class Scope {
  readonly #resources: { dispose(): void }[] = [];

  /** Takes over a resource. */
  own<T extends { dispose(): void }>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  dispose(): void {
    for (const resource of this.#resources.splice(0).reverse()) resource.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
