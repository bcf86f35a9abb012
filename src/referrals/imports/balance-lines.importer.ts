import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, invalidField } from '../../common/errors.js';
import { CURRENCY_EXPONENTS, safeMinor } from '../../common/money.js';
import { LedgerService, type NewTransaction } from '../../ledger/ledger.service.js';
import { ImportReferences, type References } from './import-references.repository.js';
import { BalanceLine } from './import-line.dto.js';
import { differs, planned, required, type ImportTerms, type LineImporter, type LinePlan } from './line-importer.js';

/**
 * What partners earned elsewhere and are still owed, once for each partner, currency and source. It is a posting of its own
 * kind, and payable like everything that was earned here.
 */
@Injectable()
export class BalanceLines implements LineImporter<BalanceLine> {
  readonly type = BalanceLine;

  constructor(
    private readonly references: ImportReferences,
    private readonly ledger: LedgerService,
  ) {}

  keyOf(line: BalanceLine, terms: ImportTerms): string {
    return JSON.stringify([line.partner ?? line.partnerEmail?.toLowerCase(), line.currency ?? terms.currency]);
  }

  async plan(lines: readonly BalanceLine[], terms: ImportTerms, tx: EntityManager) {
    const known = await this.references.of(lines, terms, tx);
    const postings = lines.map((line) => tried(() => postingOf(line, known, terms)));
    const keys = postings.flatMap((posting) => (posting instanceof DomainError ? [] : [posting.factKey]));
    const posted = await postedOf(terms.workspaceId, keys, tx);
    return lines.map((line, at) =>
      planned((): LinePlan => {
        const posting = postings[at] as NewTransaction | DomainError;
        if (posting instanceof DomainError) throw posting;
        const { partnerId, amountMinor, currency, dueAt } = posting.entries[0] as NewTransaction['entries'][number];
        const what = `${amountMinor} ${currency} (minor units) owed to partner ${partnerId}`;
        const held = posted.get(posting.factKey);
        if (held === undefined && amountMinor === 0) return { outcome: 'unchanged', says: 'nothing is owed' };
        if (held === undefined) {
          return { outcome: 'created', says: `posts ${what}`, make: () => this.ledger.post([posting], tx) };
        }
        const isSame =
          held.amountMinor === amountMinor && (line.dueAt === undefined || held.dueAt.getTime() === dueAt?.getTime());
        if (isSame) return { outcome: 'unchanged', says: `${what} is posted` };
        throw differs(
          line.amount === undefined ? 'amountMinor' : 'amount',
          'opening_balance_posted',
          postedOtherwise(held, terms),
        );
      }),
    );
  }
}

function tried(make: () => NewTransaction): NewTransaction | DomainError {
  try {
    return make();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function postingOf(line: BalanceLine, known: References, terms: ImportTerms): NewTransaction {
  const { workspaceId, at, source, madeBy } = terms;
  const { id: partnerId } = known.partner(line);
  const currency = required(
    line.currency ?? terms.currency,
    'currency',
    'fill the column, or give currency for the whole file',
  );
  const amountMinor = amountOf(line, currency);
  const programId = (line.program ?? terms.program) === undefined ? undefined : known.program(line).id;
  const common = { partnerId, currency, programId };
  return {
    ...{ workspaceId, kind: 'opening_balance', occurredAt: at, cause: { source, madeBy } },
    factKey: `opening_balance:${source}:${partnerId}:${currency}`,
    entries: [
      { ...common, account: 'earned', amountMinor, dueAt: line.dueAt ?? at, payable: true },
      { ...common, account: 'expense', amountMinor: -amountMinor },
    ],
  };
}

/** In minor units, exactly. */
function amountOf({ amount, amountMinor }: BalanceLine, currency: string): number {
  if (amount !== undefined && amountMinor !== undefined) {
    throw invalidField('amountMinor', 'field_not_allowed', 'give either amount or amount_minor, not both');
  }
  if (amountMinor !== undefined) return safeMinor(BigInt(amountMinor));
  const [whole = '', fraction = ''] = required(amount, 'amount', 'fill it, or amount_minor').split('.');
  const digits = CURRENCY_EXPONENTS.get(currency) ?? 0;
  if (fraction.slice(digits).replaceAll('0', '') !== '') {
    throw invalidField('amount', 'amount_too_fine', `amount has more than the ${digits} decimals of ${currency}`);
  }
  return safeMinor(BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0')));
}

interface Posted {
  amountMinor: number;
  dueAt: Date;
}

async function postedOf(
  workspaceId: string,
  factKeys: readonly string[],
  tx: EntityManager,
): Promise<Map<string, Posted>> {
  const rows = await tx.query<Array<{ fact_key: string; amount_minor: string; due_at: Date }>>(
    `SELECT t.fact_key, e.amount_minor, e.due_at FROM tributary.ledger_transaction t
       JOIN tributary.ledger_entry e ON e.workspace_id = t.workspace_id AND e.transaction_id = t.id AND e.account = 'earned'
      WHERE t.workspace_id = $1 AND t.fact_key = ANY($2)`,
    [workspaceId, factKeys],
  );
  return new Map(rows.map((row) => [row.fact_key, { amountMinor: Number(row.amount_minor), dueAt: row.due_at }]));
}

function postedOtherwise({ amountMinor, dueAt }: Posted, { source }: ImportTerms): string {
  return (
    `an opening balance from ${source} of ${amountMinor} minor units, due ${dueAt.toISOString()}, is posted, and the ledger is ` +
    `never changed; correct the line, or give another source for what was owed beside it`
  );
}
