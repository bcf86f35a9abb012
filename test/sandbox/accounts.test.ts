import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { startSandbox } from './support.js';

describe('connected accounts', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  const told = (account: string): string[] => sandbox.events(undefined, account).map(({ type }) => type);

  it('say what is still required until all of it was given', async () => {
    const account = await stripe.accounts.create({
      type: 'custom',
      business_type: 'company',
      company: { name: 'Acme', tax_id: '000000000' },
      capabilities: { transfers: { requested: true } },
      settings: { branding: { primary_color: '#112233' } },
    });
    expect(account.company).toEqual({ name: 'Acme', tax_id_provided: true });
    expect(account.settings?.branding.primary_color).toBe('#112233');
    expect(account.requirements?.currently_due).toEqual([
      'business_profile.mcc',
      'business_profile.url',
      'external_account',
      'tos_acceptance.date',
      'tos_acceptance.ip',
    ]);

    await stripe.accounts.update(account.id, {
      business_profile: { mcc: '5734', url: 'https://acme.test' },
      tos_acceptance: { date: 1_767_225_600, ip: '203.0.113.7' },
      external_account: {
        object: 'bank_account',
        country: 'US',
        currency: 'usd',
        account_number: '000123456789',
        routing_number: '110000000',
      },
    });

    const done = await stripe.accounts.retrieve(account.id);
    expect(done.requirements).toMatchObject({ currently_due: [], disabled_reason: null });
    expect(done.external_accounts?.data).toMatchObject([{ object: 'bank_account', last4: '6789' }]);
    expect(told(account.id)).toContain('account.external_account.created');
    const previous = sandbox.events('account.updated', account.id)[0]?.data.previous_attributes;
    expect(previous).toMatchObject({ business_profile: { mcc: null, url: null } });
  });

  it('are onboarded and signed in through links', async () => {
    const express = await stripe.accounts.create({ type: 'express' });
    const standard = await stripe.accounts.create({ type: 'standard' });

    const link = await stripe.accountLinks.create({
      account: express.id,
      type: 'account_onboarding',
      refresh_url: 'https://acme.test/again',
      return_url: 'https://acme.test/done',
    });

    expect(link).toMatchObject({ object: 'account_link', expires_at: link.created + 300 });
    expect((await stripe.accounts.createLoginLink(express.id)).url).toContain(express.id);
    await expect(stripe.accounts.createLoginLink(standard.id)).rejects.toMatchObject({ param: 'account' });
    await expect(stripe.accountLinks.create({ account: 'acct_no', type: 'account_update' })).rejects.toMatchObject({
      code: 'account_invalid',
    });
  });

  it('have capabilities of any name', async () => {
    const { id } = await stripe.accounts.create({ capabilities: { transfers: { requested: true } } });

    await stripe.accounts.updateCapability(id, 'link_payments', { requested: true });
    await stripe.accounts.update(id, { capabilities: { transfers: { requested: false } } });

    const { data } = await stripe.accounts.listCapabilities(id);
    expect(data.map((row) => [row.id, row.status])).toEqual([
      ['link_payments', 'active'],
      ['transfers', 'inactive'],
    ]);
    expect(told(id).filter((type) => type === 'capability.updated')).toHaveLength(2);
    await expect(stripe.accounts.retrieveCapability(id, 'nonsense')).rejects.toMatchObject({ statusCode: 404 });
  });

  it('name the persons behind them, without their numbers', async () => {
    const { id } = await stripe.accounts.create({ type: 'custom' });
    const person = await stripe.accounts.createPerson(id, {
      first_name: 'Jo',
      ssn_last_4: '0000',
      relationship: { representative: true, title: 'CEO' },
    });
    await stripe.accounts.createPerson(id, { first_name: 'Al', relationship: { owner: true } });

    expect(person).toMatchObject({ account: id, ssn_last_4_provided: true });
    expect(person).not.toHaveProperty('ssn_last_4');
    const found = await stripe.accounts.listPersons(id, { relationship: { owner: true } });
    expect(found.data.map(({ first_name }) => first_name)).toEqual(['Al']);
    await stripe.accounts.updatePerson(id, person.id, { first_name: 'Joan' });
    await stripe.accounts.deletePerson(id, person.id);
    expect(told(id).filter((type) => type.startsWith('person.'))).toEqual([
      'person.created',
      'person.created',
      'person.updated',
      'person.deleted',
    ]);
    expect(sandbox.events('person.updated', id)[0]).toMatchObject({
      account: id,
      data: { previous_attributes: { first_name: 'Jo' } },
    });
  });

  it('are paid out to the default of their external accounts, which cannot be deleted', async () => {
    const { id } = await stripe.accounts.create({ type: 'custom', external_account: 'btok_us' });
    const card = await stripe.accounts.createExternalAccount(id, { external_account: 'tok_visa_debit' });
    const [bank] = (await stripe.accounts.listExternalAccounts(id, { object: 'bank_account' })).data;
    expect(bank).toMatchObject({ default_for_currency: true });
    expect(card).toMatchObject({ object: 'card', default_for_currency: false });
    await expect(stripe.accounts.deleteExternalAccount(id, bank?.id ?? '')).rejects.toMatchObject({ param: 'id' });

    await stripe.accounts.updateExternalAccount(id, card.id, { default_for_currency: true });
    await stripe.accounts.deleteExternalAccount(id, bank?.id ?? '');

    expect((await stripe.accounts.retrieve(id)).external_accounts?.data.map((row) => row.id)).toEqual([card.id]);
    expect(told(id).filter((type) => type.includes('external'))).toEqual([
      'account.external_account.created',
      'account.external_account.created',
      'account.external_account.updated',
      'account.external_account.deleted',
    ]);
  });

  it('can be thrown out, taken back and deleted while they hold no money', async () => {
    const { id } = await stripe.accounts.create({ capabilities: { transfers: { requested: true } } });
    const rejected = await stripe.accounts.reject(id, { reason: 'terms_of_service' });
    expect(rejected).toMatchObject({
      payouts_enabled: false,
      requirements: { disabled_reason: 'rejected.terms_of_service' },
    });
    await stripe.accounts.unreject(id);
    sandbox.addFunds(500, 'usd', id);
    await expect(stripe.accounts.del(id)).rejects.toMatchObject({ statusCode: 400 });
    const empty = await stripe.accounts.create({});

    expect(await stripe.accounts.del(empty.id)).toEqual({ id: empty.id, object: 'account', deleted: true });
    await expect(stripe.accounts.retrieve(empty.id)).rejects.toMatchObject({ statusCode: 403 });
  });
});
