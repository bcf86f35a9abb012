import type { BalanceView, StatementView } from '../../../src/partners/dto/partner.dto.js';
import type { CommissionExplanationView, CommissionView } from '../../../src/referrals/dto/commission.dto.js';
import type { ReferralView } from '../../../src/referrals/dto/referral.dto.js';
import { EXPECTED, PARTNER_NAMES, usd, type Figures, type PartnerName } from '../story.js';
import { askSql, commissionsOf, lookInSql, type Cast, type Partner, type Stage } from '../stage.js';

const COLUMNS = [
  { name: 'partner', alignsRight: false },
  ...['clicks', 'sign-ups', 'customers', 'revenue', 'earned', 'reversed', 'paid', 'balance'].map((name) => ({
    name,
    alignsRight: true,
  })),
];

/** A partner's statement, and the balance over the other face. */
export async function statement(stage: Stage, { partners: { Ada }, begunAt }: Cast): Promise<void> {
  const { api, page, grpc } = stage;
  page.chapter("Ada's statement");
  const path = `/v1/partners/${Ada.id}/statement?from=${begunAt.toISOString()}`;
  const [usdOnly] = (await api.get<StatementView>(path)).statements;
  page.fact('opening', usd(usdOnly?.openingMinor ?? 0));
  for (const { postedAt, kind, amountMinor } of usdOnly?.entries ?? []) {
    page.fact('', `${postedAt.slice(0, 19)}Z  ${kind.padEnd(9)} ${usd(amountMinor).padStart(12)}`);
  }
  page.fact('closing', usd(usdOnly?.closingMinor ?? 0));
  page.look(`${api.url}${path}`);
  const { balances } = await grpc.call<BalanceView>('Referrals', 'GetPartnerBalance', { id: Ada.id });
  const [balance] = balances;
  page.fact(
    'gRPC',
    `Referrals/GetPartnerBalance → pending ${usd(balance?.pendingMinor ?? 0)}, paid ${usd(balance?.paidMinor ?? 0)}`,
  );
  lookInSql(stage, ledgerSql(`partner_id = '${Ada.id}'`));
}

/** The table, from the API's answers; what differs from the story's own sums is listed. Empty when all is well. */
export async function reckon(stage: Stage, { partners }: Cast): Promise<string[]> {
  const { page } = stage;
  page.title('What it came to');
  const found = {} as Record<PartnerName, Figures>;
  for (const name of PARTNER_NAMES) found[name] = await figuresOf(stage, partners[name]);
  page.table(
    COLUMNS,
    PARTNER_NAMES.map((name) => [name, ...cellsOf(found[name])]),
  );
  const inSql = await Promise.all(PARTNER_NAMES.map((name) => differenceInSql(stage, partners[name], found[name])));
  return [...PARTNER_NAMES.flatMap((name) => differences(name, EXPECTED[name], found[name])), ...inSql.flat()];
}

async function figuresOf(stage: Stage, partner: Partner): Promise<Figures> {
  const { api } = stage;
  const referrals = await api.all<ReferralView>(`/v1/referrals?partnerId=${partner.id}`);
  const commissions = await commissionsOf(stage, partner);
  const sales = await Promise.all(
    commissions.map(({ id }) => api.get<CommissionExplanationView>(`/v1/commissions/${id}/explanation`)),
  );
  const [balance] = (await api.get<BalanceView>(`/v1/partners/${partner.id}/balance`)).balances;
  return {
    clicks: referrals.filter(({ visitor }) => visitor === 'person').length,
    signUps: referrals.filter(({ signedUpAt }) => signedUpAt !== null).length,
    customers: new Set(commissions.map(({ customerId }) => customerId)).size,
    revenueMinor: sum(sales, revenueOf),
    earnedMinor: sum(commissions, ({ amountMinor }: CommissionView) => amountMinor),
    reversedMinor: sum(commissions, ({ reversedMinor }: CommissionView) => reversedMinor),
    paidMinor: balance?.paidMinor ?? 0,
    balanceMinor: balance ? balance.pendingMinor + balance.heldMinor + balance.dueMinor + balance.inPayoutMinor : 0,
  };
}

/** What was collected for a sale, less what the last reversal says has left of it. */
function revenueOf({ sale, ledger }: CommissionExplanationView): number {
  const reversal = ledger.findLast(({ kind }) => kind === 'reversal' || kind === 'reinstatement');
  return sale.cashMinor - Number(reversal?.cause.outMinor ?? 0);
}

function cellsOf(figures: Figures): string[] {
  const { clicks, signUps, customers, revenueMinor, earnedMinor, reversedMinor, paidMinor, balanceMinor } = figures;
  return [
    ...[clicks, signUps, customers].map(String),
    ...[revenueMinor, earnedMinor, reversedMinor, paidMinor, balanceMinor].map(usd),
  ];
}

function differences(name: PartnerName, expected: Figures, found: Figures): string[] {
  return (Object.keys(expected) as (keyof Figures)[])
    .filter((figure) => expected[figure] !== found[figure])
    .map((figure) => `${name}: ${figure} should be ${expected[figure]}, but is ${found[figure]}`);
}

/** The ledger's own sums must say the same as the API. */
async function differenceInSql(stage: Stage, { id, name }: Partner, found: Figures): Promise<string[]> {
  const rows = await askSql(stage, ledgerSql(`partner_id = '${id}'`));
  if (rows === null) return [];
  const sums = new Map(rows.map(([account, amount]) => [String(account), Number(amount)]));
  const owed = ['earned', 'held', 'in_payout'].reduce((total, account) => total + (sums.get(account) ?? 0), 0);
  const paid = sums.get('paid') ?? 0;
  const isSame = owed === found.balanceMinor && paid === found.paidMinor;
  return isSame
    ? []
    : [`${name}: the ledger says ${owed} owed and ${paid} paid, the API ${found.balanceMinor} and ${found.paidMinor}`];
}

const ledgerSql = (condition: string): string =>
  `SELECT account, sum(amount_minor) FROM tributary.ledger_entry WHERE ${condition} GROUP BY account ORDER BY account`;

function sum<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((total, item) => total + amountOf(item), 0);
}
