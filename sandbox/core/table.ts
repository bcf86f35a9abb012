export interface Stored {
  id: string;
  object: string;
}

/** A row with what decides its place in lists. */
export interface Entry {
  row: Stored;
  /** Seconds; 0 where objects of the kind have no time of their own. */
  created: number;
  /** The number of its insertion. A replaced object keeps its own. */
  seq: number;
}

/** All objects of one kind and account: by id, in order of insertion, and in the order of Stripe's lists. */
export class Table {
  /** In order of insertion. */
  private entries = new Map<string, Entry>();
  readonly deleted = new Map<string, Stored>();
  /** Oldest first; newest last, so that what usually happens is an append. */
  private order: Entry[] = [];
  private sorted = true;
  private counter = 0;

  get(id: string): Stored | undefined {
    return this.entries.get(id)?.row;
  }

  entry(id: string): Entry | undefined {
    return this.entries.get(id);
  }

  *rows(): IterableIterator<Stored> {
    for (const { row } of this.entries.values()) yield row;
  }

  /** Returns what undoes it. */
  put(row: Stored): () => void {
    const known = this.entries.get(row.id);
    const created = createdOf(row);
    if (known?.created === created) {
      const before = known.row;
      known.row = row;
      return () => {
        known.row = before;
      };
    }
    if (known) this.unlist(known);
    const entry = { row, created, seq: known?.seq ?? this.counter++ };
    this.entries.set(row.id, entry);
    this.list(entry);
    return () => {
      this.unlist(entry);
      if (known) this.restore(known);
      else this.entries.delete(row.id);
    };
  }

  /** Takes a row out; returns what undoes it, or null when there is none. */
  take(id: string): (() => void) | null {
    const entry = this.entries.get(id);
    if (!entry) return null;
    this.entries.delete(id);
    this.unlist(entry);
    return () => {
      this.restore(entry);
      // A map puts it last; a refused deletion is rare enough to count all places anew.
      this.entries = new Map([...this.entries].sort(([, a], [, b]) => a.seq - b.seq));
    };
  }

  /** Oldest first by `created`, and within a second by insertion: the reverse of a list of Stripe's. */
  chronicle(): readonly Entry[] {
    if (!this.sorted) this.order.sort(byAge);
    this.sorted = true;
    return this.order;
  }

  /** How many rows stand before `place` in the chronicle. */
  rank(place: Pick<Entry, 'created' | 'seq'>): number {
    const order = this.chronicle();
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byAge(order[middle] as Entry, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private restore(entry: Entry): void {
    this.entries.set(entry.row.id, entry);
    this.list(entry);
  }

  private list(entry: Entry): void {
    const last = this.order.at(-1);
    if (last && byAge(last, entry) > 0) this.sorted = false;
    this.order.push(entry);
  }

  private unlist(entry: Entry): void {
    this.order.splice(this.rank(entry), 1);
  }
}

const byAge = (a: Pick<Entry, 'created' | 'seq'>, b: Pick<Entry, 'created' | 'seq'>): number =>
  a.created - b.created || a.seq - b.seq;

/** v1 says seconds, v2 an ISO instant. */
function createdOf(row: Stored): number {
  const { created } = row as { created?: unknown };
  if (typeof created === 'number') return created;
  return typeof created === 'string' ? Date.parse(created) / 1_000 || 0 : 0;
}
