import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import type { LedgerAccount } from './ledger-entry.entity.js';
import type { LedgerTransactionKind } from './ledger-transaction.entity.js';

/** One line to be posted. Signed minor units. */
export interface NewEntry {
  /** Given by a caller that refers to the entry afterwards; made up otherwise. */
  id?: string;
  account: LedgerAccount;
  partnerId: string;
  currency: string;
  amountMinor: number;
  programId?: string;
  commissionId?: string;
  /** Required in `earned`, absent elsewhere. */
  dueAt?: Date;
  /** Whether it can become a line of a payout; only in `earned`. */
  payable?: boolean;
}

export interface NewTransaction {
  workspaceId: string;
  kind: LedgerTransactionKind;
  /** The business fact; a second posting of it violates the unique index `ledger_transaction_fact`. */
  factKey: string;
  /** Business time of the fact. */
  occurredAt: Date;
  commissionId?: string;
  payoutId?: string;
  cause: Record<string, unknown>;
  entries: NewEntry[];
}

/** A movement between two accounts of one partner, as its two entries. */
export function movement(
  from: LedgerAccount,
  to: LedgerAccount,
  line: Omit<NewEntry, 'id' | 'account' | 'dueAt' | 'payable'> & { dueAt: Date; payable: boolean },
): NewEntry[] {
  const { dueAt, payable, ...common } = line;
  const sideOf = (account: LedgerAccount, amountMinor: number): NewEntry => ({
    ...common,
    account,
    amountMinor,
    ...(account === 'earned' ? { dueAt, payable } : {}),
  });
  return [sideOf(from, -line.amountMinor), sideOf(to, line.amountMinor)];
}

/** Posts to the ledger. Nothing here or anywhere else changes what was posted. */
@Injectable()
export class LedgerService {
  constructor(private readonly clock: Clock) {}

  /**
   * Posts the transactions in the caller's database transaction, in one statement however many they are. Not safe to
   * repeat: a repeated fact is refused by the database. Answers the transactions' ids in their order.
   */
  async post(transactions: readonly NewTransaction[], tx: EntityManager): Promise<string[]> {
    if (transactions.length === 0) return [];
    const withIds = transactions.map((transaction) => ({ ...transaction, id: newId('ledgertx') }));
    const entries = withIds.flatMap((t) =>
      t.entries.map((entry) => ({
        ...entry,
        ...{ workspaceId: t.workspaceId, transactionId: t.id, kind: t.kind, occurredAt: t.occurredAt },
      })),
    );
    await tx.query(INSERT, [
      this.clock.now(),
      withIds.map((t) => t.workspaceId),
      withIds.map((t) => t.id),
      withIds.map((t) => t.kind),
      withIds.map((t) => t.factKey),
      withIds.map((t) => t.occurredAt),
      withIds.map((t) => t.commissionId ?? null),
      withIds.map((t) => t.payoutId ?? null),
      withIds.map((t) => JSON.stringify(t.cause)),
      entries.map((e) => e.workspaceId),
      entries.map((e) => e.id ?? newId('entry')),
      entries.map((e) => e.transactionId),
      entries.map((e) => e.account),
      entries.map((e) => e.partnerId),
      entries.map((e) => e.programId ?? null),
      entries.map((e) => e.commissionId ?? null),
      entries.map((e) => e.currency),
      entries.map((e) => e.amountMinor),
      entries.map((e) => e.dueAt ?? null),
      entries.map((e) => e.payable ?? false),
      entries.map((e) => e.kind),
      entries.map((e) => e.occurredAt),
    ]);
    return withIds.map(({ id }) => id);
  }
}

const INSERT = `
  WITH transactions AS (
    INSERT INTO tributary.ledger_transaction
      (workspace_id, id, kind, fact_key, occurred_at, posted_at, commission_id, payout_id, cause)
    SELECT u.workspace_id, u.id, u.kind, u.fact_key, u.occurred_at, $1, u.commission_id, u.payout_id, u.cause::jsonb
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[])
           AS u(workspace_id, id, kind, fact_key, occurred_at, commission_id, payout_id, cause))
  INSERT INTO tributary.ledger_entry
    (workspace_id, id, transaction_id, account, partner_id, program_id, commission_id, currency, amount_minor, due_at, payable,
     kind, occurred_at)
  SELECT * FROM unnest($10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
                       $18::bigint[], $19::timestamptz[], $20::boolean[], $21::text[], $22::timestamptz[])`;
