/** Lets so many in at a time; the others wait in their order. */
export class Gate {
  private readonly waiting: Array<() => void> = [];
  private free: number;

  constructor(places: number) {
    this.free = places;
  }

  async within<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  async enter(): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    await new Promise<void>((go) => this.waiting.push(go));
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
