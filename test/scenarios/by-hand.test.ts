import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { payment, Story, unix } from '../support/story.js';
import { randomId } from '../support/stripe-events.js';

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
  story.timeIs('2026-03-01T12:00:00Z');
});
afterAll(() => story.end());

const T = unix('2026-03-10T12:00:00Z');
const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();

interface Attribution {
  programKey: string;
  bindings: Array<{ by: string; partnerId: string; from: string; reason: string | null; madeBy: string | null }>;
  evidence: Array<{ kind: string; verdict: string }>;
}

const bind = (body: object): Promise<Attribution> => story.call('POST', '/v1/attributions', body);
const nets = async (partnerId: string): Promise<number[]> =>
  (await story.commissions(partnerId)).map(({ netMinor }) => netMinor);

async function twoPartners() {
  const a = await story.referrer();
  const partnerB = await story.partner('Bob');
  const codeB = await story.code(a.programKey, partnerB);
  const externalId = randomId('user');
  const stripeCustomerId = randomId('cus');
  const customer = { externalId, stripeCustomerId };
  await story.call('POST', '/v1/referrals', { code: a.code, customer });
  return { programKey: a.programKey, partnerA: a.partnerId, partnerB, codeB, customer };
}

describe('a binding by hand', () => {
  it.each([['before'], ['after']])(
    'scenario 10: gives the sales from its moment on to another partner, told %s them',
    async (when) => {
      const { programKey, partnerA, partnerB, codeB, customer } = await twoPartners();
      const first = payment({ customer: customer.stripeCustomerId, paidAt: T - 1 });
      const second = payment({ customer: customer.stripeCustomerId, paidAt: T });
      const told = { programKey, customer, code: codeB, effectiveAt: iso(T), reason: 'Bob brought her' };
      if (when === 'before') await bind(told);
      await story.happens(...second.events, ...first.events, ...second.events);
      const [earlier] = await story.postings(partnerA);

      if (when === 'after') await bind(told);
      await story.settle();

      expect((await nets(partnerA)).filter((net) => net !== 0)).toEqual([1_000]);
      expect(await nets(partnerB)).toEqual([1_000]);
      expect((await story.postings(partnerA))[0]).toEqual(earlier);
      const [row] = await story.service.db.query<object[]>(
        `SELECT reason, made_by <> '' AS keyed FROM tributary.attribution_by_hand WHERE partner_id = $1`,
        [partnerB],
      );
      expect(row).toMatchObject({ reason: 'Bob brought her', keyed: true });
    },
  );

  it('stands before a promotion code and a link, and tells what spoke for each', async () => {
    const { programKey, partnerA, partnerB, customer } = await twoPartners();

    const made = await bind({ programKey, customer, partnerId: partnerB, effectiveAt: iso(T - 5), reason: 'by phone' });
    await story.happens(...payment({ customer: customer.stripeCustomerId, paidAt: T }).events);

    expect(await nets(partnerA)).toEqual([]);
    const [commission] = await story.commissions(partnerB);
    const { customerId } = commission as unknown as { customerId: string };
    const { data } = await story.call<{ data: Attribution[] }>('GET', `/v1/attributions?customerId=${customerId}`);
    expect(data).toEqual([made]);
    expect(made.bindings).toMatchObject([
      { by: 'link', partnerId: partnerA, reason: null },
      { by: 'hand', partnerId: partnerB, from: iso(T - 5), reason: 'by phone' },
    ]);
    expect(made.evidence).toMatchObject([{ kind: 'link', verdict: 'bound' }]);
    expect((await story.service.grpc.call('Referrals', 'ListAttributions', { customerId })).message).toMatchObject({
      data: [{ programKey, customerId, bindings: [{ by: 'link' }, { by: 'hand', reason: 'by phone' }] }],
    });
  });

  it('binds a customer of whom nothing else tells', async () => {
    const { programKey, partnerId } = await story.referrer();
    const customer = { externalId: randomId('user'), stripeCustomerId: randomId('cus') };
    await story.happens(...payment({ customer: customer.stripeCustomerId, paidAt: T }).events);

    await bind({ programKey, customer, partnerId, effectiveAt: iso(T), reason: 'a letter' });
    await story.settle();

    expect(await nets(partnerId)).toEqual([1_000]);
  });

  it.each([
    [{ partnerId: undefined }, 400, 'missing_field', 'code'],
    [{ code: 'X' }, 400, 'field_not_allowed', 'code'],
    [{ customerId: 'customer_0' }, 400, 'field_not_allowed', 'customerId'],
    [{ customer: undefined }, 400, 'missing_field', 'customer'],
    [{ customer: undefined, customerId: 'customer_0' }, 404, 'customer_not_found', 'customerId'],
    [{ programKey: 'nowhere' }, 404, 'program_not_found', 'programKey'],
    [{ partnerId: 'partner_0' }, 404, 'partner_not_found', 'partnerId'],
    [{ reason: '' }, 400, 'invalid_field', 'reason'],
  ])('is refused with the field: %o', async (fields, status, code, field) => {
    const { programKey, partnerId } = await story.referrer();
    const body = { programKey, partnerId, customer: { externalId: randomId('user') }, reason: 'x', ...fields };

    const answer = await story.service.http('POST', '/v1/attributions', body);

    expect([answer.status, answer.body]).toMatchObject([status, { error: { code, field } }]);
  });

  it('says in which program a code does not exist', async () => {
    const [own, other] = [await story.referrer(), await story.referrer()];
    const body = {
      programKey: own.programKey,
      code: other.code,
      customer: { externalId: randomId('user') },
      reason: 'x',
    };

    const answer = await story.service.http('POST', '/v1/attributions', body);

    const message = `code ${other.code} does not exist in the program ${own.programKey}`;
    expect([answer.status, answer.body]).toMatchObject([
      404,
      { error: { code: 'code_not_found', field: 'code', message } },
    ]);
  });

  it('asks for a code of the partner in the program', async () => {
    const [programKey, partnerId] = [await story.program(), await story.partner()];
    const body = { programKey, partnerId, customer: { externalId: randomId('user') }, reason: 'x' };

    const { status, body: answer } = await story.service.http('POST', '/v1/attributions', body);

    expect([status, answer]).toMatchObject([409, { error: { code: 'partner_without_code', field: 'partnerId' } }]);
  });
});
