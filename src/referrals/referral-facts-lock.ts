import type { EntityManager } from 'typeorm';
import { lockByName } from '../database/named-lock.js';

/**
 * Facts that may be dated back (exchange rates, deactivations, states of programs) and the settlings that read them keep out
 * of each other's way: who writes one waits for the settlings that are under way, so that the sales which it touches are all
 * there are. Settlings do not wait for one another.
 */
export async function lockFactsToWrite(workspaceId: string, tx: EntityManager): Promise<void> {
  await lockByName(nameOf(workspaceId), tx);
}

/** To be taken before every other lock of a settling, so that nobody who waits for a writer holds what another needs. */
export async function lockFactsToRead(workspaceId: string, tx: EntityManager): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))`, [nameOf(workspaceId)]);
}

const nameOf = (workspaceId: string): string => `referral-facts/${workspaceId}`;
