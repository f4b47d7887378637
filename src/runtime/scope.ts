/** What holds something that has to be let go. */
export interface Resource {
  /** Lets it go. */
  dispose(): void;
}

/**
 * Resources that are let go together, the last made first. (No `using` in this library: Safari and
 * Chrome before 134 have no `Symbol.dispose`.)
 */
export class Scope {
  readonly #resources: Resource[] = [];

  /** Takes over a resource. */
  own<T extends Resource>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  /**
   * Takes over resources that are made at the same time. If one cannot be made the first such
   * failure is thrown, once none is being made any more: the others are this scope's and go with
   * it.
   */
  async all<T extends readonly Resource[]>(
    making: {
      readonly [index in keyof T]: Promise<T[index]>;
    },
  ): Promise<T> {
    const settled = await Promise.allSettled(making);
    for (const outcome of settled) if (outcome.status === "fulfilled") this.own(outcome.value);
    return settled.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    }) as unknown as T;
  }

  /** Lets everything go. */
  dispose(): void {
    for (const resource of this.#resources.splice(0).reverse()) resource.dispose();
  }
}
