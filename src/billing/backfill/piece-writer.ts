import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { BulkWriter, type Change } from '../mirror/bulk-writer.js';
import { SettleQueue } from '../mirror/settle-queue.js';
import { snapshotKey, type Snapshot } from '../mirror/snapshot.js';
import { BackfillCounts, countsOf, type TypeCounts } from './backfill-counts.js';
import { BackfillTasks } from './backfill-tasks.js';
import { Meter } from './list-walk.js';
import { MemberLists, type WholePiece } from './member-lists.js';
import type { Piece } from './piece.js';
import type { JobFacts } from './task.js';

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
    for (let batch = this.nextBatch(); batch.length > 0; batch = this.nextBatch()) await this.writeSome(batch);
    this.isWriting = false;
  }

  /** Those of one job, whose figures are told together. */
  private nextBatch(): Waiting[] {
    const job = this.waiting[0]?.piece.task.job.id;
    const batch = this.waiting.filter(({ piece }) => piece.task.job.id === job).slice(0, BATCH_PIECES);
    this.waiting = this.waiting.filter((one) => !batch.includes(one));
    return batch;
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
    const job = mine[0]?.piece.task.job;
    if (job !== undefined) await this.counts.add(job.id, await this.writeAndCount(job, mine, tx), tx);
    await this.tasks.take(
      mine.map(({ piece, whole }) => ({ ...piece, requests: piece.requests + whole.requests })),
      tx,
    );
    return held;
  }

  private async writeAndCount(
    job: JobFacts,
    batch: readonly Waiting[],
    tx: EntityManager,
  ): Promise<Map<string, TypeCounts>> {
    const listed = batch.flatMap(({ piece }) => piece.listed);
    const states = batch.flatMap(({ whole }) => whole.states);
    if (!job.dryRun) {
      const wholes = batch.flatMap(({ whole }) => whole.wholes);
      return countsOf(listed, await this.bulk.apply(states, wholes, tx));
    }
    // All that would be written, inside and below the listed objects too, each once in the whole job.
    const beside = batch.flatMap(({ whole }) => whole.beside);
    const within = this.bulk.withinAll(states);
    const fresh = await this.counts.meet(job.id, [...listed, ...beside, ...within], tx);
    const isFresh = (state: Snapshot): boolean => fresh.has(snapshotKey(state));
    const differences = await this.bulk.differences(within.filter(isFresh), tx);
    const changes = within.filter(isFresh).flatMap((state): Change[] => {
      const difference = differences.get(snapshotKey(state));
      return difference === 'added' || difference === 'changed' ? [{ state, difference }] : [];
    });
    return countsOf(listed.filter(isFresh), changes);
  }
}
