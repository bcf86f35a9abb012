import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { BulkWriter } from '../mirror/bulk-writer.js';
import { SettleQueue } from '../mirror/settle-queue.js';
import { snapshotKey, type Snapshot } from '../mirror/snapshot.js';
import { BackfillCounts, countsOf, type TypeCounts } from './backfill-counts.js';
import { BackfillTasks } from './backfill-tasks.js';
import { Meter } from './list-walk.js';
import { MemberLists, type WholePiece } from './member-lists.js';
import type { Piece } from './piece.js';

/** So many pieces share a transaction when they wait for each other. */
const BATCH_PIECES = 10;

/** The task went to another process, or its job was ended: what was fetched for it is thrown away. */
export class TaskLost extends Error {}

interface Waiting {
  piece: Piece;
  whole: WholePiece;
  written(): void;
  failed(error: unknown): void;
}

/** Writes pieces together with the steps of their tasks, several of them in one transaction. */
@Injectable()
export class PieceWriter {
  private waiting: Waiting[] = [];
  private isWriting = false;

  constructor(
    private readonly db: DataSource,
    private readonly bulk: BulkWriter,
    private readonly members: MemberLists,
    private readonly tasks: BackfillTasks,
    private readonly counts: BackfillCounts,
    private readonly settling: SettleQueue,
  ) {}

  /** Resolves when rows and step are committed. Throws `TaskLost`; other errors are the database's or Stripe's. */
  async write(piece: Piece): Promise<void> {
    const whole = await this.members.complete(piece, this.db.manager, new Meter());
    await new Promise<void>((written, failed) => {
      this.waiting.push({ piece, whole, written, failed });
      void this.drain();
    });
  }

  private async drain(): Promise<void> {
    if (this.isWriting) return;
    this.isWriting = true;
    while (this.waiting.length > 0) await this.writeSome(this.waiting.splice(0, BATCH_PIECES));
    this.isWriting = false;
  }

  private async writeSome(batch: readonly Waiting[]): Promise<void> {
    try {
      const held = await this.db.transaction((tx) => this.writeAll(batch, tx));
      for (const one of batch) {
        if (held.has(one.piece.task.id)) one.written();
        else one.failed(new TaskLost(`task ${one.piece.task.id} is no longer this process's`));
      }
      this.settling.announce();
    } catch (error) {
      if (batch.length === 1) return batch[0]?.failed(error);
      // One piece must not spoil the others.
      for (const one of batch) await this.writeSome([one]);
    }
  }

  /** Answers the tasks that are still held by this process. */
  private async writeAll(batch: readonly Waiting[], tx: EntityManager): Promise<Set<string>> {
    const held = await this.tasks.lock(
      batch.map(({ piece }) => piece.task),
      tx,
    );
    const mine = batch.filter(({ piece }) => held.has(piece.task.id));
    const real = mine.filter(({ piece }) => !piece.task.job.dryRun);
    await this.bulk.apply(
      real.flatMap(({ whole }) => whole.states),
      real.flatMap(({ whole }) => whole.wholes),
      tx,
    );
    for (const { piece, whole } of mine) {
      const counted = piece.task.job.dryRun ? await this.countDry(piece, whole, tx) : countsOf(piece.listed, whole);
      await this.counts.add(piece.task.job.id, counted, tx);
    }
    await this.tasks.take(
      mine.map(({ piece, whole }) => ({ ...piece, requests: piece.requests + whole.requests })),
      tx,
    );
    return held;
  }

  /** All that would be written, inside and below the listed objects too, each once in the whole job. */
  private async countDry(piece: Piece, whole: WholePiece, tx: EntityManager): Promise<Map<string, TypeCounts>> {
    const within = this.bulk.withinAll(whole.states);
    const differences = new Map([...whole.differences, ...(await this.bulk.differences(within, tx))]);
    const fresh = await this.counts.meet(piece.task.job.id, [...piece.listed, ...whole.beside, ...within], tx);
    const isFresh = (state: Snapshot): boolean => fresh.has(snapshotKey(state));
    const counted = countsOf(piece.listed.filter(isFresh), { states: within.filter(isFresh), differences });
    return counted;
  }
}
