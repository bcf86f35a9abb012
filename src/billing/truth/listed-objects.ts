import type { DataSource } from 'typeorm';
import type { Snapshot } from '../mirror/snapshot.js';

/** What one comparison has met at Stripe, kept in an unlogged table: an account may have more objects than fit in memory. */
export class ListedObjects {
  constructor(
    private readonly db: DataSource,
    readonly runId: string,
  ) {}

  async add(states: readonly Snapshot[]): Promise<void> {
    if (states.length === 0) return;
    await this.db.query(
      `INSERT INTO tributary.listed_object (run_id, object_table, object_id)
       SELECT $1, * FROM unnest($2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
      [this.runId, states.map(({ type }) => type.table), states.map(({ id }) => id)],
    );
  }

  /** Of this comparison, and of those whose process died long ago. */
  async forget(): Promise<void> {
    await this.db.query(
      `DELETE FROM tributary.listed_object WHERE run_id = $1 OR listed_at < now() - interval '7 days'`,
      [this.runId],
    );
  }
}
