/** Resources that are let go together, the last made first. (No `using` in this library: Safari and Chrome before 134 have no `Symbol.dispose`.) */
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
}
