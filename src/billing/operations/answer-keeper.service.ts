import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DomainError } from '../../common/errors.js';
import { toDomainError } from '../../stripe/failure.js';
import { storableJson } from '../mirror/json-text.js';
import { MirrorWriter } from '../mirror/mirror-writer.js';
import { SettleQueue } from '../mirror/settle-queue.js';
import type { Snapshot } from '../mirror/snapshot.js';
import { StripeFetcher, tombstoneOf, type ObjectAddress } from '../mirror/stripe-fetcher.js';

/** Before each further look at Stripe. Only an answer of a later second can replace what an event of this one said. */
const LOOKS_AGAIN_AFTER_MS = [0, 1_050, 1_050];

interface Standing {
  /** The second of the state that is held. */
  seconds: number;
  /** What is held is what the answer shows. */
  same: boolean;
}

/** Takes Stripe's answers into the mirror, so that whoever wrote at Stripe reads its own write there. */
@Injectable()
export class AnswerKeeper {
  constructor(
    private readonly db: DataSource,
    private readonly mirror: MirrorWriter,
    private readonly fetcher: StripeFetcher,
    private readonly settling: SettleQueue,
  ) {}

  /** Writes what was read at Stripe, and has it settled. */
  async keep(snapshots: readonly Snapshot[]): Promise<void> {
    await this.db.transaction((tx) => this.mirror.apply(snapshots, tx));
    this.settling.announce();
  }

  /**
   * Writes the answer to a write. It carries the second in which its request began, so that an older change's event of the
   * same or a later second can stand in its way, or come after it: then Stripe is asked again until its answer is newer
   * than what is held, and once more afterwards by the refetch worker.
   */
  async keepOwn(answer: Snapshot): Promise<void> {
    const began = performance.now();
    let shown = answer;
    await this.keepContested(shown);
    for (const pauseMs of LOOKS_AGAIN_AFTER_MS) {
      const held = await standingOf(shown, this.db.manager);
      if (held === null || held.same) return;
      await sleep(pauseMs);
      const elapsedSeconds = Math.floor((performance.now() - began) / 1_000);
      const goneSince =
        pauseMs === 0 ? answer.stampSeconds : Math.max(answer.stampSeconds + elapsedSeconds, held.seconds + 1);
      shown = await this.lookAgain(shown, goneSince);
      await this.keep([shown]);
    }
  }

  /** The object as Stripe has it now. Errors are Stripe's, translated. */
  async fetch(address: ObjectAddress): Promise<Snapshot> {
    const { type } = address;
    const only = type.paths.length > 0 ? undefined : type.lists.find((rule) => rule.single && rule.of === null);
    try {
      if (only === undefined) return await this.fetcher.fetchObject(address);
      // Of some types an account has one object, at a place of its own.
      const at = only.path.lastIndexOf('/');
      const there = { ...address, type: { ...type, paths: [only.path.slice(0, at)] }, id: only.path.slice(at + 1) };
      const state = await this.fetcher.fetchObject(there);
      return { ...state, type, id: type.identify(state.data) ?? address.id };
    } catch (error) {
      throw toDomainError(error);
    }
  }

  /** The object as Stripe has it now; a tombstone when it has none. */
  async fetchOrBury(address: ObjectAddress, goneSinceSeconds: number): Promise<Snapshot> {
    try {
      return await this.fetch(address);
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'not_found') return tombstoneOf(address, goneSinceSeconds);
      throw error;
    }
  }

  private async keepContested(answer: Snapshot): Promise<void> {
    await this.db.transaction(async (tx) => {
      const held = await standingOf(answer, tx);
      const contested = held !== null && !held.same && held.seconds >= answer.stampSeconds;
      await this.mirror.apply([{ ...answer, undecided: contested && !answer.deleted }], tx);
    });
    this.settling.announce();
  }

  private async lookAgain(shown: Snapshot, goneSinceSeconds: number): Promise<Snapshot> {
    try {
      return await this.fetchOrBury({ ...shown, known: shown.data }, goneSinceSeconds);
    } catch (error) {
      // What cannot be asked for by itself, or not now, stays as the events tell it; the write itself has happened.
      if (error instanceof DomainError) return shown;
      throw error;
    }
  }
}

async function standingOf(snapshot: Snapshot, tx: EntityManager): Promise<Standing | null> {
  const [row] = (await tx.query(
    `SELECT extract(epoch FROM source_updated_at)::bigint AS seconds,
            CASE WHEN $5 THEN deleted_at IS NOT NULL ELSE deleted_at IS NULL AND data = $4::jsonb END AS same
       FROM stripe.${snapshot.type.table} WHERE workspace_id = $1 AND account = $2 AND id = $3`,
    [snapshot.workspaceId, snapshot.account, snapshot.id, storableJson(snapshot.data), snapshot.deleted],
  )) as Array<{ seconds: string; same: boolean }>;
  return row === undefined ? null : { seconds: Number(row.seconds), same: row.same };
}
