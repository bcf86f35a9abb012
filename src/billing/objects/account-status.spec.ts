import { describe, expect, it } from '@jest/globals';
import { accountStatus } from './account-status.js';

const states = (account: Record<string, unknown>) =>
  Object.fromEntries(accountStatus(account).abilities.map(({ ability, state }) => [ability, state]));

describe('what an account can do', () => {
  it.each([
    [
      'everything',
      { charges_enabled: true, payouts_enabled: true, capabilities: { card_payments: 'active', transfers: 'active' } },
      ['active', 'active', 'active'],
    ],
    [
      'only be paid',
      { charges_enabled: false, payouts_enabled: true, capabilities: { transfers: 'active' } },
      ['restricted', 'active', 'active'],
    ],
    [
      'nothing yet',
      {
        charges_enabled: false,
        payouts_enabled: false,
        capabilities: { card_payments: 'pending', transfers: 'pending' },
      },
      ['pending', 'pending', 'restricted'],
    ],
    [
      'nothing any more',
      {
        charges_enabled: false,
        payouts_enabled: false,
        capabilities: { card_payments: 'inactive', transfers: 'inactive' },
      },
      ['restricted', 'restricted', 'restricted'],
    ],
    ['what one of 2018 says', { charges_enabled: true, payouts_enabled: true }, ['active', 'unknown', 'active']],
    [
      'what a legacy platform may',
      { charges_enabled: true, payouts_enabled: true, capabilities: { legacy_payments: 'active' } },
      ['active', 'active', 'active'],
    ],
  ])('in v1: %s', (_name, fields, [charges, transfers, payouts]) => {
    expect(states({ object: 'account', ...fields })).toEqual({ charges, transfers, payouts });
  });

  it('in v2: by configuration, and unknown where the parts were not asked for', () => {
    const configuration = {
      recipient: {
        capabilities: {
          stripe_balance: {
            stripe_transfers: { status: 'active' },
            payouts: { status: 'pending', status_details: [{ code: 'determining_status' }] },
          },
        },
      },
      merchant: {
        capabilities: { card_payments: { status: 'rejected', status_details: [{ code: 'rejected_listed' }] } },
      },
    };

    const { abilities } = accountStatus({ object: 'v2.core.account', configuration });

    expect(abilities).toEqual([
      { ability: 'charges', state: 'restricted', reasons: ['rejected', 'rejected_listed'] },
      { ability: 'transfers', state: 'active', reasons: [] },
      { ability: 'payouts', state: 'pending', reasons: ['determining_status'] },
    ]);
    expect(states({ object: 'v2.core.account', configuration: null })).toEqual({
      charges: 'unknown',
      transfers: 'unknown',
      payouts: 'unknown',
    });
  });
});

describe('what an account still has to bring', () => {
  it('comes most pressing first, each once, with its deadline and errors', () => {
    const requirements = {
      current_deadline: 1_780_000_000,
      disabled_reason: 'requirements.past_due',
      past_due: ['tos_acceptance.date'],
      currently_due: ['tos_acceptance.date', 'external_account'],
      pending_verification: ['individual.verification.document'],
      eventually_due: ['external_account', 'individual.id_number'],
      errors: [{ code: 'invalid_tos_acceptance', requirement: 'tos_acceptance.date', reason: 'x' }],
    };

    const status = accountStatus({ object: 'account', requirements });

    expect(status).toMatchObject({ disabledReason: 'requirements.past_due', deadline: '2026-05-28T20:26:40.000Z' });
    expect(
      status.requirements.map(({ requirement, due, awaiting, errors }) => [requirement, due, awaiting, errors]),
    ).toEqual([
      ['tos_acceptance.date', 'past_due', 'user', ['invalid_tos_acceptance']],
      ['external_account', 'currently_due', 'user', []],
      ['individual.verification.document', 'pending_verification', 'stripe', []],
      ['individual.id_number', 'eventually_due', 'user', []],
    ]);
  });

  it('stood in `verification` in 2018', () => {
    const verification = {
      disabled_reason: 'fields_needed',
      fields_needed: ['legal_entity.dob.day'],
      due_by: 1_530_000_000,
    };

    const status = accountStatus({ object: 'account', business_name: 'Shop', business_logo: 'file_1', verification });

    expect(status).toMatchObject({ disabledReason: 'fields_needed', deadline: '2018-06-26T08:00:00.000Z' });
    expect(status.requirements).toMatchObject([{ requirement: 'legal_entity.dob.day', due: 'currently_due' }]);
    expect(status.branding).toMatchObject({ name: 'Shop', logo: 'file_1' });
  });

  it('names in v2 what it restricts and who must act', () => {
    const entry = {
      description: 'individual.id_number',
      awaiting_action_from: 'user',
      minimum_deadline: { status: 'past_due', time: '2026-05-01T00:00:00Z' },
      impact: {
        restricts_capabilities: [{ capability: 'stripe_balance.stripe_transfers', configuration: 'recipient' }],
      },
      errors: [{ code: 'verification_failed_other' }],
    };

    const status = accountStatus({
      object: 'v2.core.account',
      display_name: 'Ada',
      requirements: { entries: [entry] },
    });

    expect(status.deadline).toBe('2026-05-01T00:00:00Z');
    expect(status.branding.name).toBe('Ada');
    expect(status.requirements).toEqual([
      {
        requirement: 'individual.id_number',
        due: 'past_due',
        deadline: '2026-05-01T00:00:00Z',
        awaiting: 'user',
        restricts: ['stripe_balance.stripe_transfers'],
        errors: ['verification_failed_other'],
      },
    ]);
  });
});
