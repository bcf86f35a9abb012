import type { EntityManager } from 'typeorm';

/** Waits for whoever holds the lock of that name in this database, and holds it until the transaction ends. */
export async function lockByName(name: string, tx: EntityManager): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [name]);
}
