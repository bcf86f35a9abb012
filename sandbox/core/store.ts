import type { Kind, Kinds } from './wire.js';

interface Table {
  /** In order of insertion; replaced objects keep their place. */
  rows: Map<string, Stored>;
  deleted: Map<string, Stored>;
}
interface Stored {
  id: string;
}
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
    return this.peek(account, kind)?.rows.get(id) as Kinds[K] | undefined;
  }

  /** The last state of an object that was deleted. */
  buried<K extends Kind>(account: string, kind: K, id: string): Kinds[K] | undefined {
    return this.peek(account, kind)?.deleted.get(id) as Kinds[K] | undefined;
  }

  /** Oldest first. */
  all<K extends Kind>(account: string, kind: K): Kinds[K][] {
    return [...(this.peek(account, kind)?.rows.values() ?? [])] as Kinds[K][];
  }

  values<K extends Kind>(account: string, kind: K): IterableIterator<Kinds[K]> {
    return (this.peek(account, kind)?.rows.values() ?? [].values()) as IterableIterator<Kinds[K]>;
  }

  accounts(): string[] {
    return [...this.tables.keys()];
  }

  put<K extends Kind>(account: string, kind: K, object: Kinds[K]): Kinds[K] {
    const { rows } = this.table(account, kind);
    const before = rows.get(object.id);
    rows.set(object.id, object);
    this.journal?.push(() => (before ? rows.set(object.id, before) : rows.delete(object.id)));
    this.listener();
    return object;
  }

  /** Takes the object out of its table and remembers its last state. */
  bury<K extends Kind>(account: string, kind: K, id: string): void {
    const { rows, deleted } = this.table(account, kind);
    const before = rows.get(id);
    if (!before) return;
    const order = [...rows];
    rows.delete(id);
    deleted.set(id, before);
    this.journal?.push(() => {
      deleted.delete(id);
      rows.clear();
      for (const [key, row] of order) rows.set(key, row);
    });
    this.listener();
  }

  drop<K extends Kind>(account: string, kind: K, id: string): void {
    this.table(account, kind).rows.delete(id);
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

  save(): SavedStore {
    const saved: SavedStore = {};
    for (const [account, kinds] of this.tables) {
      const tables: Record<string, SavedTable> = {};
      for (const [kind, { rows, deleted }] of kinds) {
        tables[kind] = { rows: [...rows.values()], deleted: [...deleted.values()] };
      }
      saved[account] = tables;
    }
    return saved;
  }

  load(saved: SavedStore): void {
    const byId = (rows: Stored[]): Map<string, Stored> => new Map(rows.map((row) => [row.id, row]));
    this.tables = new Map();
    for (const [account, kinds] of Object.entries(saved)) {
      const tables = new Map<Kind, Table>();
      for (const [kind, table] of Object.entries(kinds)) {
        tables.set(kind as Kind, { rows: byId(table.rows), deleted: byId(table.deleted) });
      }
      this.tables.set(account, tables);
    }
  }

  private peek(account: string, kind: Kind): Table | undefined {
    return this.tables.get(account)?.get(kind);
  }

  private table(account: string, kind: Kind): Table {
    let kinds = this.tables.get(account);
    if (!kinds) this.tables.set(account, (kinds = new Map<Kind, Table>()));
    let table = kinds.get(kind);
    if (!table) kinds.set(kind, (table = { rows: new Map(), deleted: new Map() }));
    return table;
  }
}
