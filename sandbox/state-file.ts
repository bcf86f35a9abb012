import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SavedStore } from './core/store.js';
import type { SavedAnswer } from './http/idempotency.js';
import type { Delivery } from './webhooks/deliveries.js';

/** Everything that a restarted sandbox needs to go on. */
export interface SavedState {
  version: 1;
  clock: { offsetMs: number; frozen: boolean };
  store: SavedStore;
  idempotency: [string, SavedAnswer][];
  deliveries: Delivery[];
}

/** Real time between a change and its being on disk, at most. */
const DEBOUNCE_MS = 500;

/** Writes whole states, each by an atomic rename: a reader sees the one before or this one. */
export class StateFile {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly path: string,
    private readonly collect: () => SavedState,
  ) {}

  static read(path: string): SavedState | null {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as SavedState;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new Error(`The sandbox's state file ${path} cannot be read; move it away to start empty.`, {
        cause: error,
      });
    }
  }

  changed(): void {
    this.timer ??= setTimeout(() => this.write(), DEBOUNCE_MS).unref();
  }

  write(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const temporary = `${this.path}.tmp`;
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(temporary, JSON.stringify(this.collect()), { mode: 0o600 });
    renameSync(temporary, this.path);
  }
}
