import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntityMetadata } from 'typeorm';
import type { StripeObjectType } from '../../src/billing/objects/object-type.js';
import { STRIPE_OBJECT_TYPES } from '../../src/billing/objects/registry.js';
import { BUILT_TYPES, mirroredObject } from '../support/mirrored-objects.js';
import { deliver, drain, randomId, stripeEvent, type StripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

const TYPES = STRIPE_OBJECT_TYPES.filter((type) => type.object !== '');
const AT = 1_780_000_000;
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

interface Row {
  data: Record<string, unknown>;
  deleted: boolean;
}

async function rowOf(type: StripeObjectType, id: string): Promise<Row | undefined> {
  const [row] = await service.db.query<Row[]>(
    `SELECT data, deleted_at IS NOT NULL AS deleted FROM stripe.${type.table} WHERE workspace_id = $1 AND id = $2`,
    [service.workspaceId, id],
  );
  return row;
}

const POSTS_AT_ONCE = 20;

async function deliverInParallel(events: readonly StripeEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += POSTS_AT_ONCE) {
    const answers = await Promise.all(events.slice(from, from + POSTS_AT_ONCE).map((event) => deliver(service, event)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  }
}

interface Life {
  type: StripeObjectType;
  id: string;
  first: Record<string, unknown>;
  last: Record<string, unknown>;
  events: StripeEvent[];
}

/** What some columns are made of. */
const NAMED = { tributary_ref: 'ada' };

/** Made, changed and, at the end, deleted, each a second after the other. */
function lifeOf(type: StripeObjectType): Life {
  // Types whose ids do not tell accounts apart get an account each, so that every life has a row of its own.
  const account = randomId('acct');
  const owner = { ...('account' in mirroredObject(type.object, type.idPrefix) ? { account } : {}) };
  const own =
    type.identify({ object: type.object, customer: 'cus_1' }) === 'cus_1' ? { customer: randomId('cus') } : owner;
  const first = mirroredObject(type.object, type.idPrefix, { ...own, metadata: { ...NAMED, state: 'first' } });
  const last = { ...first, metadata: { ...NAMED, state: 'last' } };
  const event = (what: string, object: Record<string, unknown>, second: number) =>
    stripeEvent(`${type.object}.${what}`, object, { created: AT + second });
  return {
    ...{ type, first, last },
    id: String(type.identify(first)),
    events: [event('created', first, 0), event('updated', last, 1), event('deleted', last, 2)],
  };
}

/** Singletons have one row for all lives, and ids chosen by Stripe would be the same in each. */
const hasManyRows = (type: StripeObjectType) => lifeOf(type).id !== lifeOf(type).id;

describe('the registry of object types', () => {
  it('has a builder for every type', () => {
    expect(TYPES.map(({ object }) => object).filter((object) => !BUILT_TYPES.has(object))).toEqual([]);
    expect([...BUILT_TYPES].filter((object) => !TYPES.some((type) => type.object === object))).toEqual([]);
  });

  it('names every table, object and id once', () => {
    for (const names of [TYPES.map(({ table }) => table), TYPES.map(({ object }) => object)])
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('lists what it goes through, and asks by id only with fields that the objects have', () => {
    for (const { object, idPrefix, lists, paths } of TYPES) {
      const built = mirroredObject(object, idPrefix);
      for (const { of } of lists)
        expect([object, of === null || TYPES.some((type) => type.object === of)]).toEqual([object, true]);
      for (const field of paths.flatMap((path) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => String(name))))
        expect([object, typeof built[field]]).toEqual([object, 'string']);
    }
  });

  it('keeps every type as it was sent, with every computed column filled', async () => {
    const lives = TYPES.map(lifeOf);

    await deliverInParallel(lives.map(({ events }) => events[0] as StripeEvent));
    await drain(service, ['inbox']);

    const empty: string[] = [];
    for (const { type, id, first } of lives) {
      const row = await rowOf(type, id);
      expect([type.object, row]).toEqual([type.object, { data: JSON.parse(JSON.stringify(first)), deleted: false }]);
      empty.push(...(await emptyColumns(type, id)).map((column) => `${type.table}.${column}`));
    }
    expect(empty).toEqual([]);
  });

  it('lets no older copy change a row of any type', async () => {
    const lives = TYPES.map(lifeOf);
    await deliverInParallel(lives.map(({ events }) => events[1] as StripeEvent));
    await drain(service, ['inbox']);

    await deliverInParallel(lives.map(({ events }) => events[0] as StripeEvent));
    await drain(service, ['inbox']);

    for (const { type, id } of lives.filter((life) => hasManyRows(life.type)))
      expect([type.object, (await rowOf(type, id))?.data.metadata]).toEqual([type.object, { ...NAMED, state: 'last' }]);
  });

  it('ends every type’s life in the same row, whatever the order of its three events', async () => {
    const lives = TYPES.filter(hasManyRows).flatMap((type) => ORDERS.map((order) => ({ ...lifeOf(type), order })));

    for (let step = 0; step < 3; step++) {
      await deliverInParallel(lives.map(({ events, order }) => events[order[step] as number] as StripeEvent));
      await drain(service, ['inbox']);
    }

    for (const { type, id, last, order } of lives) {
      const row = await rowOf(type, id);
      expect([type.object, order, row]).toEqual([
        type.object,
        order,
        { data: JSON.parse(JSON.stringify(last)), deleted: true },
      ]);
    }
  });
});

/** The columns computed from `data` that came out empty: a builder or an expression misses the field. */
async function emptyColumns(type: StripeObjectType, id: string): Promise<string[]> {
  const metadata: EntityMetadata = service.db.getMetadata(type.model);
  const names = metadata.columns
    .filter((column) => column.generatedType === 'STORED')
    .map((column) => column.databaseName);
  if (names.length === 0) return [];
  const [row] = await service.db.query<Array<Record<string, unknown>>>(
    `SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM stripe.${type.table} WHERE workspace_id = $1 AND id = $2`,
    [service.workspaceId, id],
  );
  return names.filter((name) => row?.[name] === null);
}
