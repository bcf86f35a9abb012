import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TouchedKey } from '../objects/shapes.js';

export interface SettleKey extends TouchedKey {
  workspaceId: string;
  /** The connected account whose object the key names, '' for the workspace's own. */
  account: string;
}

/** Told when keys were queued in this process, so that settling need not wait for its next look. */
export type SettleListener = () => void;

@Injectable()
export class SettleQueue {
  private listener: SettleListener | null = null;

  /** Queues the keys, each once per call, in the caller's transaction. Safe to repeat. */
  async touch(keys: readonly SettleKey[], tx: EntityManager): Promise<void> {
    const distinct = [...new Map(keys.map((key) => [settleKeyText(key), key])).values()];
    if (distinct.length === 0) return;
    await tx.query(
      `INSERT INTO tributary.settle_queue (workspace_id, account, kind, key)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`,
      [
        distinct.map((key) => key.workspaceId),
        distinct.map((key) => key.account),
        distinct.map((key) => key.kind),
        distinct.map((key) => key.id),
      ],
    );
  }

  onTouched(listener: SettleListener): void {
    this.listener = listener;
  }

  /** To be called after the commit of a transaction that touched keys. */
  announce(): void {
    this.listener?.();
  }
}

export function settleKeyText(key: SettleKey): string {
  return `${key.workspaceId}/${key.account}/${key.kind}/${key.id}`;
}
