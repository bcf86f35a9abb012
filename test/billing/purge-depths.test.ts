import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventWithoutPerson, withoutPerson } from '../../src/billing/mirror/erasure-rules.js';
import { typeOfObject } from '../../src/billing/objects/registry.js';
import { StripeWriter } from '../../src/billing/operations/stripe-writer.service.js';
import { derivedFrom } from '../../src/billing/operations/write-call.js';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const PERSON = { name: 'Grace Hopper', email: 'grace@navy.example' };
const TRACES = /Grace|navy\.example|Harbour|19061209/;

async function bodiesWithTraces(): Promise<string[]> {
  const rows = await service.db.query<Array<{ type: string; body: string }>>(
    `SELECT type, body FROM tributary.webhook_event`,
  );
  return rows.filter(({ body }) => TRACES.test(body)).map(({ type }) => type);
}

async function made(params: object = PERSON): Promise<string> {
  return (await service.http<{ id: string }>('POST', '/v1/billing/customers', { params })).body.id;
}

const purge = (id: string) => service.http('POST', `/v1/billing/customers/${id}/purge`, {});

describe('a purge goes through', () => {
  it('events whose object has no id, and those that were never applied', async () => {
    const id = await made();
    const upcoming = { object: 'invoice', customer: id, customer_name: PERSON.name, customer_email: PERSON.email };
    const elsewhere = { id: randomId('in'), ...upcoming };
    await deliverAll(service, [
      stripeEvent('invoice.upcoming', upcoming),
      stripeEvent('invoice.created', elsewhere, { livemode: true }),
    ]);
    await drain(service, ['inbox']);
    expect(await bodiesWithTraces()).toEqual(expect.arrayContaining(['invoice.created', 'invoice.upcoming']));

    expect((await purge(id)).status).toBe(200);

    expect(await bodiesWithTraces()).toEqual([]);
  });

  it('checks of identity that name the customer', async () => {
    const id = await made();
    const session = randomId('vs');
    const outputs = { first_name: 'Grace', last_name: 'Hopper', dob: { day: 9, month: 12, year: 1906 } };
    await deliverAll(service, [
      stripeEvent('identity.verification_session.verified', {
        ...{ id: session, object: 'identity.verification_session', related_customer: id },
        verified_outputs: outputs,
      }),
      stripeEvent('identity.verification_report.created', {
        ...{ id: randomId('vr'), object: 'identity.verification_report', verification_session: session },
        document: { ...outputs, number: '19061209' },
      }),
    ]);
    await drain(service, ['inbox']);

    await purge(id);

    expect(await bodiesWithTraces()).toEqual([]);
    for (const table of ['identity_verification_sessions', 'identity_verification_reports']) {
      const rows = await service.db.query<Array<{ data: object }>>(`SELECT data FROM stripe.${table}`);
      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toMatch(TRACES);
    }
  });

  it('an intent that was cut off before its link, and a repetition makes another customer', async () => {
    const ref = randomId('user');
    const intent = randomId('intent');
    const params = { ...PERSON, metadata: { tributary_ref: ref } };
    const intend = () =>
      service.db.query(
        `INSERT INTO tributary.customer_intent (workspace_id, account, ref, id, params) VALUES ($1, '', $2, $3, $4)`,
        [service.workspaceId, ref, intent, params],
      );
    await intend();
    const call = derivedFrom({ workspaceId: service.workspaceId }, 'customer', intent);
    const { id } = await service.app
      .get(StripeWriter)
      .create(call, { type: typeOfObject('customer'), account: '' }, params);

    await purge(id);

    expect(await service.db.query(`SELECT FROM tributary.customer_intent WHERE ref = $1`, [ref])).toEqual([]);
    await intend();
    const again = await service.http<{ created: boolean; customer: { id: string; deleted: boolean } }>(
      'PUT',
      `/v1/billing/customers/by-ref/${ref}`,
      {},
    );
    expect(again.body).toMatchObject({ created: true, customer: { deleted: false } });
    expect(again.body.customer.id).not.toBe(id);
  });
});

describe('without the person', () => {
  it('a dispute’s evidence, a review’s place, vouchers and bank details are empty, and figures stay', () => {
    const secret = { line1: '1 Harbour Road' };
    const objects = [
      { object: 'dispute', amount: 5, evidence: { billing_address: 'Harbour', uncategorized_text: 'Grace' } },
      { object: 'review', charge: 'ch_1', ip_address_location: { city: 'Harbour' } },
      { object: 'payment_method', boleto: { tax_id: '19061209' }, us_bank_account: { account_number: '19061209' } },
      { object: 'payment_intent', amount: 5, next_action: { x: { hosted_voucher_url: 'https://Grace' } } },
      { object: 'charge', amount: 5, payment_method_details: { klarna: { payer_details: { address: secret } } } },
    ];

    const erased = objects.map((object) => withoutPerson(object));

    expect(JSON.stringify(erased)).not.toMatch(TRACES);
    expect(erased[0]).toMatchObject({ object: 'dispute', amount: 5, evidence: null });
    expect(eventWithoutPerson({ data: { object: objects[0] } })).toEqual({ data: { object: erased[0] } });
  });
});

describe('what is written', () => {
  it.each(['expand', 'expand[]', 'expand[0]', 'include[0]'])('is never expanded, not even by %s', async (field) => {
    const answer = await service.http('POST', '/v1/billing/customers', { params: { [field]: 'tax_ids' } });

    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'field_not_allowed', field: `params.${field}` } },
    });
  });
});
