/** An object that is not as Stripe has it. */
export interface Finding {
  id: string;
  /** The table: that of the type, or of a list inside its objects. */
  table: string;
  what: 'differs' | 'missing' | 'extra';
  /** Fields that differ, by their path; empty when the whole object is missing on one side. */
  fields: string[];
}

/** What comparing one type of one account came to. Every object is counted once. */
export interface TypeComparison {
  /** The connected account; null for the workspace's own objects. */
  account: string | null;
  table: string;
  /** Held as Stripe has them, or newer than the answer they were compared with. */
  agree: number;
  differ: number;
  /** At Stripe and not here. */
  missing: number;
  /** Here, and not at Stripe any more. */
  extra: number;
  /** Among those that agree, rows that an older or newer API version shaped: only the fields that both have were compared. */
  otherVersion: number;
  /** Rows that were written because of what was found. */
  repaired: number;
  requests: number;
  /** The first few. */
  findings: Finding[];
  /** Why the type could not be compared: Stripe's code; null when it was. */
  skipped: string | null;
  /** Stripe's second of the first answer; null when nothing was asked. */
  asOfSeconds: number | null;
}

export interface ComparisonResult {
  types: TypeComparison[];
  /** Nothing differs, is missing or is extra, and nothing was skipped for want of a permission or an answer. */
  agrees: boolean;
}

export const FINDINGS_SHOWN = 10;

export function emptyComparison(table: string, account: string): TypeComparison {
  return {
    account: account === '' ? null : account,
    ...{ table, agree: 0, differ: 0, missing: 0, extra: 0, otherVersion: 0, repaired: 0, requests: 0 },
    findings: [],
    skipped: null,
    asOfSeconds: null,
  };
}

/** Codes that say that the account does not have the product at all, so that there is nothing to be compared. */
export const NOT_ENABLED = 'not_enabled';

export function resultOf(types: readonly TypeComparison[]): ComparisonResult {
  return {
    types: [...types],
    agrees: types.every(
      (type) =>
        type.differ + type.missing + type.extra === 0 && (type.skipped === null || type.skipped === NOT_ENABLED),
    ),
  };
}
