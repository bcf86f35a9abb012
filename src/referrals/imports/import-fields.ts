export const IMPORT_KINDS = ['partners', 'codes', 'customers', 'balances'] as const;
/** What the lines of one file are. */
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** What a cell of a line may be, by the names that `map` and our own files use. */
export const IMPORT_FIELDS = {
  partners: ['external_id', 'email', 'name', 'first_name', 'last_name'],
  codes: ['code', 'program', 'partner', 'partner_email'],
  customers: [
    ...['customer_id', 'stripe_customer_id', 'customer_email'],
    ...['program', 'partner', 'partner_email', 'code', 'bound_at'],
  ],
  balances: ['partner', 'partner_email', 'amount', 'amount_minor', 'currency', 'program', 'due_at'],
} as const satisfies Record<ImportKind, readonly string[]>;

/** Of each group a file needs one column; what may be told for the whole file is not here. */
export const NEEDED_FIELDS: Record<ImportKind, ReadonlyArray<readonly string[]>> = {
  partners: [['external_id', 'email']],
  codes: [['code'], ['partner', 'partner_email']],
  customers: [
    ['stripe_customer_id', 'customer_id', 'customer_email'],
    ['partner', 'partner_email', 'code'],
  ],
  balances: [
    ['partner', 'partner_email'],
    ['amount', 'amount_minor'],
  ],
};

export const IMPORT_SOURCES = ['rewardful', 'tolt', 'firstpromoter', 'dub'] as const;
export type ImportSource = (typeof IMPORT_SOURCES)[number];

type KnownColumns = Partial<Record<ImportKind, Readonly<Record<string, readonly string[]>>>>;

const NAMES = { first_name: ['First name'], last_name: ['Last name'] };

/**
 * The names of columns, by field, the likelier first; compared without regard to case, spaces and signs. The pages
 * `docs/coming-from-….md` say where each is documented; what is documented nowhere is not guessed.
 */
export const COLUMNS_OF_SOURCES: Record<ImportSource, KnownColumns> = {
  rewardful: {
    partners: {
      email: ['Email', 'Affiliate email'],
      first_name: ['First name', 'Affiliate first name'],
      last_name: ['Last name', 'Affiliate last name'],
    },
    codes: { code: ['Token'], partner_email: ['Email', 'Affiliate email'] },
    customers: {
      stripe_customer_id: ['Stripe customer id', 'Imported id'],
      partner_email: ['Affiliate email', 'Email'],
    },
  },
  tolt: {
    partners: { email: ['Email'], ...NAMES },
    codes: { code: ['Value'], partner_email: ['Partner email'] },
    customers: {
      customer_id: ['Customer id'],
      customer_email: ['Email'],
      partner_email: ['Partner email'],
      bound_at: ['Created at'],
    },
  },
  firstpromoter: {
    partners: { email: ['Email'], name: ['Name'], ...NAMES },
    codes: { code: ['Ref token', 'Ref id', 'Default ref id'], partner_email: ['Email', 'Promoter email'] },
    customers: {
      customer_id: ['Uid'],
      customer_email: ['Email'],
      partner_email: ['Promoter email'],
      bound_at: ['Created at'],
    },
  },
  dub: {
    partners: { email: ['Email'], name: ['Name'] },
    customers: {
      customer_id: ['External id'],
      customer_email: ['Email'],
      partner_email: ['Partner email'],
      bound_at: ['Created at'],
    },
  },
};
