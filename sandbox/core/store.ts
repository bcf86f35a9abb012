import { Table, type Stored } from './table.js';
import type { Kind, Kinds } from './wire.js';

interface SavedTable {
  rows: Stored[];
  deleted: Stored[];
}
export type SavedStore = Record<string, Record<string, SavedTable>>;

/**
 * All objects by account ('' is the platform's own) and kind. What is stored is never changed in place but replaced, so
 * that an event's snapshot is the stored object itself, and a failed request can be undone.
 */
export class Store {
  private tables = new Map<string, Map<Kind, Table>>();
  private journal: (() => void)[] | null = null;
  private listener: () => void = () => undefined;

  onChange(listener: () => void): void {
    this.listener = listener;
  }

  get<K extends Kind>(account: string, kind: K, id: string): Kinds[K] | undefined {
    return this.peek(account, kind)?.get(id) as Kinds[K] | undefined;
  }

  /** The last state of an object that was deleted. */
  buried<K extends Kind>(account: string, kind: K, id: string): Kinds[K] | undefined {
    return this.peek(account, kind)?.deleted.get(id) as Kinds[K] | undefined;
  }

  /** Oldest first. */
  all<K extends Kind>(account: string, kind: K): Kinds[K][] {
    return [...this.values(account, kind)];
  }

  values<K extends Kind>(account: string, kind: K): IterableIterator<Kinds[K]> {
    return (this.peek(account, kind)?.rows() ?? [].values()) as IterableIterator<Kinds[K]>;
  }

  accounts(): string[] {
    return [...this.tables.keys()];
  }

  /** The kinds of which the account has or had objects. */
  kinds(account: string): Kind[] {
    return [...(this.tables.get(account)?.keys() ?? [])];
  }

  /** The table for reading in the order of lists; absent while there was never a row. */
  peek(account: string, kind: Kind): Table | undefined {
    return this.tables.get(account)?.get(kind);
  }

  put<K extends Kind>(account: string, kind: K, object: Kinds[K]): Kinds[K] {
    const table = this.table(account, kind);
    const undo = table.put(object);
    const before = table.deleted.get(object.id);
    table.deleted.delete(object.id);
    this.journal?.push(() => {
      undo();
      if (before) table.deleted.set(object.id, before);
    });
    this.listener();
    return object;
  }

  /** Takes the object out of its table and remembers its last state. */
  bury<K extends Kind>(account: string, kind: K, id: string): void {
    const table = this.table(account, kind);
    const before = table.get(id);
    const undo = table.take(id);
    if (!before || !undo) return;
    table.deleted.set(id, before);
    this.journal?.push(() => {
      table.deleted.delete(id);
      undo();
    });
    this.listener();
  }

  drop<K extends Kind>(account: string, kind: K, id: string): void {
    const undo = this.table(account, kind).take(id);
    if (undo) this.journal?.push(undo);
  }

  /** Runs `work` so that everything it stored is undone when it throws an error that `undoes` says so of. */
  atomically<T>(work: () => T, undoes: (error: unknown) => boolean): T {
    if (this.journal) return work();
    this.journal = [];
    try {
      return work();
    } catch (error) {
      if (undoes(error)) for (const undo of this.journal.reverse()) undo();
      throw error;
    } finally {
      this.journal = null;
    }
  }

  /** What `work` answers or throws, with everything that it stored undone. */
  rehearse<T>(work: () => T): T {
    const outer = this.journal;
    this.journal = [];
    try {
      return work();
    } finally {
      for (const undo of this.journal.reverse()) undo();
      this.journal = outer;
    }
  }

  save(): SavedStore {
    const saved: SavedStore = {};
    for (const [account, kinds] of this.tables) {
      const tables: Record<string, SavedTable> = {};
      for (const [kind, table] of kinds) {
        tables[kind] = { rows: [...table.rows()], deleted: [...table.deleted.values()] };
      }
      saved[account] = tables;
    }
    return saved;
  }

  load(saved: SavedStore): void {
    this.tables = new Map();
    for (const [account, kinds] of Object.entries(saved)) {
      for (const [kind, { rows, deleted }] of Object.entries(kinds)) {
        const table = this.table(account, kind as Kind);
        for (const row of rows) table.put(row);
        for (const row of deleted) table.deleted.set(row.id, row);
      }
    }
  }

  private table(account: string, kind: Kind): Table {
    let kinds = this.tables.get(account);
    if (!kinds) this.tables.set(account, (kinds = new Map<Kind, Table>()));
    let table = kinds.get(kind);
    if (!table) kinds.set(kind, (table = new Table()));
    return table;
  }
}
