import { beforeEach, describe, expect, it } from '@jest/globals';
import { AdjustableClock } from '../../src/common/clock.js';
import { asRow, kindOf, type StripeObject } from '../../sandbox/core/objects.js';
import { Scope } from '../../sandbox/core/scope.js';
import { STORED_TYPES } from '../../sandbox/core/types/names.js';
import type { StoredType } from '../../sandbox/core/types/stored-type.js';
import { World } from '../../sandbox/core/world.js';
import { parseForm } from '../../sandbox/http/form-body.js';
import { readShape } from '../../sandbox/http/params.js';
import { Router } from '../../sandbox/http/router.js';
import { storedRoutes } from '../../sandbox/resources/stored/stored-routes.js';

/** Only what the table's rows make: where the sandbox simulates a type, its own routes answer instead. */
const router = new Router(storedRoutes(STORED_TYPES));

let world: World;
beforeEach(() => {
  world = new World(new AdjustableClock());
});

function call(method: string, path: string, form = ''): StripeObject {
  const found = router.find(method, path);
  if (!found) throw new Error(`no route ${method} ${path}`);
  const params = readShape(found.route.shape, parseForm(form)) as Record<string, unknown>;
  return world.transact(() => found.route.run(new Scope(world), params, found.ids)) as StripeObject;
}

/** Objects that required parameters and paths refer to. */
const THERE: Record<string, string> = {
  account: 'acct_there',
  customer: 'cus_there',
  'entitlements.feature': 'feat_there',
  file: 'file_there',
  product: 'prod_there',
  'radar.value_list': 'rsl_there',
  'treasury.financial_account': 'fa_there',
};
const REFERENCE: Record<string, string> = {
  customer: 'cus_there',
  entitlement_feature: 'feat_there',
  file: 'file_there',
  financial_account: 'fa_there',
  value_list: 'rsl_there',
};

function formOf(sentence: string): string {
  const required = sentence.split(' ').filter((word) => word.endsWith('!'));
  return required
    .map((word) => {
      const [, name = '', type = ''] = /^(\w+)(:int|:bool|\[\]|\{\})?!$/.exec(word) ?? [];
      if (type === '{}') return `${name}[part]=1`;
      if (type === '[]') return `${name}[0]=one`;
      return `${name}=${REFERENCE[name] ?? (type === ':int' ? '100' : 'text')}`;
    })
    .join('&');
}

const created = STORED_TYPES.filter(({ create, list }) => create !== undefined && list !== undefined);
const pathOf = (row: StoredType): string => (row.list ?? '').replace(':id', THERE[row.parent?.object ?? ''] ?? '');

describe('writes of types that are only stored', () => {
  beforeEach(() => {
    const scope = new Scope(world);
    for (const [object, id] of Object.entries(THERE)) {
      world.store.put('', kindOf(object), asRow({ id, object, created: scope.now }));
    }
  });

  it.each(created.map((row) => [row.object, row.list, row] as const))('make %s at %s', (_object, _list, row) => {
    const path = pathOf(row);
    const object = call('POST', path, formOf(row.create ?? ''));

    expect(object.object).toBe(row.object);
    if (row.prefix !== null) expect(object.id.startsWith(`${row.prefix}_`)).toBe(true);
    for (const [field, value] of Object.entries(row.starts ?? {})) {
      // A field that was sent, and those that are worked out from it, are no longer what they start with.
      if (!(row.create ?? '').includes(field) && !(row.object === 'tax_id')) expect(object[field]).toEqual(value);
    }
    if (row.create?.includes('!')) {
      expect(() => call('POST', path)).toThrow(/^Missing required param/);
    }
    expect(() => call('POST', path, `${formOf(row.create ?? '')}&colour=red`)).toThrow(
      'Received unknown parameter: colour',
    );
    const words = row.events?.split(' ') ?? [];
    const [event] = new Scope(world).all('event').concat(new Scope(world, 'acct_there').all('event'));
    if (words.includes('created')) expect((event?.data.object as StripeObject).id).toBe(object.id);
    else expect(event).toBeUndefined();
  });

  const changed = created.filter(({ update, retrieve }) => update?.includes('metadata') && retrieve !== false);
  it.each(changed.map((row) => [row.object, row] as const))('merge the metadata of %s', (_object, row) => {
    const { id } = call('POST', pathOf(row), formOf(row.create ?? ''));

    call('POST', `${pathOf(row)}/${id}`, 'metadata[kept]=1&metadata[gone]=2');
    call('POST', `${pathOf(row)}/${id}`, 'metadata[gone]=');

    expect(call('GET', `${pathOf(row)}/${id}`).metadata).toEqual({ kept: '1' });
  });

  const deletable = created.filter((row) => row.delete);
  it.each(deletable.map((row) => [row.object, row] as const))('delete %s', (_object, row) => {
    const { id } = call('POST', pathOf(row), formOf(row.create ?? ''));

    expect(call('DELETE', `${pathOf(row)}/${id}`)).toEqual({ id, object: row.object, deleted: true });
    expect(() => call('GET', `${pathOf(row)}/${id}`)).toThrow(`'${id}'`);
  });

  it('keep what exists once from the beginning', () => {
    expect(call('GET', '/v1/tax/settings')).toMatchObject({ object: 'tax.settings', status: 'pending' });
    expect(call('GET', '/v1/tax/settings')).not.toHaveProperty('id');

    call('POST', '/v1/tax/settings', 'defaults[tax_behavior]=inclusive');

    expect(call('GET', '/v1/tax/settings').defaults).toEqual({
      provider: 'stripe',
      tax_behavior: 'inclusive',
      tax_code: null,
    });
    const [event] = new Scope(world).all('event');
    expect(event).toMatchObject({ type: 'tax.settings.updated', data: { object: { object: 'tax.settings' } } });
    expect(event?.data.object).not.toHaveProperty('id');
  });
});
