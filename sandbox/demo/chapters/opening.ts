import type { CodeValidityView, CodeView } from '../../../src/referrals/codes/code.dto.js';
import type { ProgramView } from '../../../src/referrals/dto/program.dto.js';
import type { PartnerView } from '../../../src/partners/dto/partner.dto.js';
import {
  COURSE_MINOR,
  CURRENCY,
  HOLD_DAYS,
  PARTNER_NAMES,
  PRO_MINOR,
  PROMOTION_PERCENT,
  RATE_BPS,
  TEAM_MINOR,
  usd,
  type PartnerName,
} from '../story.js';
import { lookInSql, type Cast, type Partner, type Stage } from '../stage.js';

const LANDING_URL = 'https://shop.example/pricing';
const BY_HAND: PartnerName = 'Chioma';

/** The program, its partners with their codes and accounts, and the company's catalogue at Stripe. */
export async function open(stage: Stage): Promise<Cast> {
  const begunAt = await stage.stripe.now();
  stage.page.chapter('The company opens a referral program');
  const programKey = await openProgram(stage);

  stage.page.chapter('Three partners join');
  const partners = {} as Record<PartnerName, Partner>;
  for (const name of PARTNER_NAMES) partners[name] = await join(stage, programKey, name);
  lookInSql(stage, `SELECT id, name, email FROM tributary.partner WHERE external_id LIKE '%-${stage.run}'`);
  await validateByGrpc(stage, partners.Ada);

  stage.page.chapter('The catalogue at Stripe');
  const prices = await catalogue(stage);
  const promotionCodeId = await promotionCode(stage, partners.Bruno);
  return { programKey, partners, prices, promotionCodeId, begunAt };
}

async function openProgram({ api, page, run }: Stage): Promise<string> {
  const program = await api.post<ProgramView>('/v1/programs', {
    key: `demo-${run}`,
    name: `Demo ${run}`,
    currency: CURRENCY,
    reward: { type: 'percentage', rateBps: RATE_BPS },
    holdDays: HOLD_DAYS,
    landingUrl: LANDING_URL,
    // All of its people come from this one machine, and in every demo again.
    suspicion: { mode: 'report' },
  });
  page.fact('program', `${program.key}: ${RATE_BPS / 100} % of what is paid, held for ${HOLD_DAYS} days`);
  page.look(`${api.url}/v1/programs/${program.key}`);
  return program.key;
}

async function join({ api, stripe, page, run }: Stage, programKey: string, name: PartnerName): Promise<Partner> {
  const slug = name.toLowerCase();
  const email = `${slug}-${run}@example.com`;
  const { id } = await api.post<PartnerView>('/v1/partners', { externalId: `${slug}-${run}`, email, name });
  const code = `${name}-${run}`.toUpperCase();
  await api.post<CodeView>('/v1/codes', { programKey, partnerId: id, code });
  const accountId = name === BY_HAND ? null : await connectedAccount(stripe, email);
  const method =
    accountId === null
      ? { type: 'manual', details: `bank transfer to ${name}, IBAN on file` }
      : { type: 'stripe_connect', accountId };
  await api.put(`/v1/partners/${id}/payout-method`, method);
  page.fact(name, `code ${code}, paid ${accountId === null ? 'by hand' : `to the Stripe account ${accountId}`}`);
  page.look(`${api.url}/v1/partners/${id}`);
  return { name, id, code, accountId };
}

async function connectedAccount({ sdk }: Stage['stripe'], email: string): Promise<string> {
  const account = await sdk.accounts.create({ email, country: 'US', capabilities: { transfers: { requested: true } } });
  return account.id;
}

async function validateByGrpc({ grpc, page }: Stage, { code }: Partner): Promise<void> {
  const asked = code.toLowerCase();
  const answer = await grpc.call<CodeValidityView>('Referrals', 'ValidateCode', { code: asked });
  page.fact('gRPC', `Referrals/ValidateCode { code: "${asked}" } → valid: ${answer.valid}, code: ${answer.code}`);
}

async function catalogue({ stripe: { sdk }, page }: Stage): Promise<Cast['prices']> {
  const recurring = { interval: 'month' } as const;
  const software = await sdk.products.create({ name: 'Software' });
  const course = await sdk.products.create({ name: 'Course' });
  const common = { currency: CURRENCY, product: software.id };
  const pro = await sdk.prices.create({ ...common, unit_amount: PRO_MINOR, recurring });
  const team = await sdk.prices.create({ ...common, unit_amount: TEAM_MINOR, recurring });
  const once = await sdk.prices.create({ currency: CURRENCY, product: course.id, unit_amount: COURSE_MINOR });
  page.fact(
    'prices',
    `Pro ${usd(PRO_MINOR)} a month, Team ${usd(TEAM_MINOR)} a month, a course for ${usd(COURSE_MINOR)}`,
  );
  return { pro: pro.id, team: team.id, course: once.id };
}

/** Carries the same text as the partner's code, which is all that ties the two together. */
async function promotionCode({ stripe: { sdk }, page, api }: Stage, { code, name }: Partner): Promise<string> {
  const coupon = await sdk.coupons.create({ percent_off: PROMOTION_PERCENT, duration: 'once' });
  const promotion = await sdk.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code });
  page.fact('promotion', `${promotion.code} takes ${PROMOTION_PERCENT} % off the first invoice and counts for ${name}`);
  page.look(`${api.url}/v1/billing/promotion_codes/${promotion.id}`);
  return promotion.id;
}
