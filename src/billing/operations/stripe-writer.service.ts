import { Injectable } from '@nestjs/common';
import { DomainError, invalidField } from '../../common/errors.js';
import { outcomeOf, toDomainError } from '../../stripe/failure.js';
import { StripeGateway, type StripeAnswer } from '../../stripe/stripe-gateway.service.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import { pathOf, snapshotOf, type ObjectAddress } from '../mirror/stripe-fetcher.js';
import type { Snapshot } from '../mirror/snapshot.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { typeOfObject } from '../objects/registry.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { AnswerKeeper } from './answer-keeper.service.js';
import { stripeKeyOf, type WriteCall } from './write-call.js';

export interface StripeWrite {
  method: 'POST' | 'DELETE';
  path: string;
  /** Under Stripe's own names. */
  params?: StripeData;
  /** The connected account in whose name it is sent; '' or absent for the workspace's own. */
  account?: string;
}

/** Which object is written, within the workspace of the call. */
export type WrittenObject = Omit<ObjectAddress, 'workspaceId'>;

/**
 * Writes through Stripe: the request goes out under a key that repeats it safely, and its answer is in the mirror before
 * the caller has it. Errors are Stripe's refusals, translated. Call it outside any transaction.
 */
@Injectable()
export class StripeWriter {
  constructor(
    private readonly stripe: StripeGateway,
    private readonly keeper: AnswerKeeper,
    private readonly reader: BillingReader,
  ) {}

  /** A new object of a type whose collection needs nothing but its own path; `known` fills a path that has a field in it. */
  async create(
    call: WriteCall,
    { type, account, known }: Omit<WrittenObject, 'id'>,
    params: StripeData,
  ): Promise<BillingObjectView> {
    return this.write(call, { method: 'POST', path: collectionOf(type, known), params, account });
  }

  async update(call: WriteCall, object: WrittenObject, params: StripeData): Promise<BillingObjectView> {
    return this.write(call, { method: 'POST', path: pathOf(object), params, account: object.account });
  }

  async delete(call: WriteCall, object: WrittenObject, params: StripeData = {}): Promise<BillingObjectView> {
    return this.write(call, { method: 'DELETE', path: pathOf(object), params, account: object.account }, object);
  }

  /** One of the verbs below an object: `pay`, `finalize`, `attach`. */
  async act(
    call: WriteCall,
    object: WrittenObject,
    action: string,
    params: StripeData = {},
  ): Promise<BillingObjectView> {
    return this.write(call, { method: 'POST', path: `${pathOf(object)}/${action}`, params, account: object.account });
  }

  /**
   * Any write whose answer is an object: sends it, takes the answer in and shows it from the mirror. `subject` names what a
   * deletion is about, where Stripe's answer does not.
   */
  async write(call: WriteCall, write: StripeWrite, subject?: WrittenObject): Promise<BillingObjectView> {
    refuseExpansions(write.params);
    const answer = await this.send(call, write);
    const snapshot = snapshotOfAnswer(call, write, answer, subject);
    if (answer.replayed === true) await this.keepAsItIsNow(snapshot);
    else await this.keeper.keepOwn(snapshot);
    return this.reader.get(call.workspaceId, snapshot.type.table, snapshot.id, snapshot.account);
  }

  /** A write whose answer is nothing to be kept, such as a link that may be opened once. */
  async send(call: WriteCall, { method, path, params = {}, account = '' }: StripeWrite): Promise<StripeAnswer> {
    const options = { account, idempotencyKey: stripeKeyOf(call, account, `${method} ${path}`) };
    try {
      if (method === 'POST') return await this.stripe.post(call.workspaceId, path, params, options);
      // v1 ignores keys on deletions, as the second one finds nothing; below /v2/ they count.
      return await this.stripe.deleteWithKey(call.workspaceId, path, { ...options, params });
    } catch (error) {
      throw failureOf(error, call, `${method} ${path}`);
    }
  }

  /** Asks for objects that a write has changed beside the one it answered with, and takes them in. */
  async refresh(call: Pick<WriteCall, 'workspaceId'>, objects: readonly WrittenObject[]): Promise<void> {
    const { workspaceId } = call;
    const now = Math.floor(Date.now() / 1_000);
    const states = await Promise.all(objects.map((o) => this.keeper.fetchOrBury({ ...o, workspaceId }, now)));
    if (states.length > 0) await this.keeper.keep(states);
  }

  /** A repeated request gets its first answer again, which is no longer news: only what Stripe has today may be kept. */
  private async keepAsItIsNow(answered: Snapshot): Promise<void> {
    const { data: known, stampSeconds } = answered;
    await this.keeper.keep([
      answered.deleted ? answered : await this.keeper.fetchOrBury({ ...answered, known }, stampSeconds),
    ]);
  }
}

/** Where objects of the type are made. Errors: `parent_required` when the path needs a field that `known` lacks. */
function collectionOf(type: StripeObjectType, known: StripeData = {}): string {
  for (const path of type.paths) {
    const fields = [...path.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]));
    if (fields.every((field) => typeof known[field] === 'string'))
      return path.replace(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(known[field])));
  }
  const needed = [...(type.paths[0] ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1]).join(' and ');
  throw new DomainError(
    'invalid_argument',
    'parent_required',
    `${type.table} belong to another object: say in params.${needed} to which`,
    { field: `params.${needed}` },
  );
}

function snapshotOfAnswer(
  { workspaceId }: WriteCall,
  { path, account = '' }: StripeWrite,
  answer: StripeAnswer,
  subject?: WrittenObject,
): Snapshot {
  const answered = typeOfObject(answer.body.object);
  const type = answer.body.object === undefined && subject !== undefined ? subject.type : answered;
  const id = type.identify(answer.body) ?? subject?.id;
  if (id === undefined)
    throw new DomainError(
      'upstream_failed',
      'unexpected_answer',
      `Stripe's answer to ${path} names no object; it was done`,
    );
  const owner = type.platformOnly ? '' : account;
  return snapshotOf({ workspaceId, account: owner, type, id }, answer, withoutSecret(type, answer.body));
}

/** The mirror holds objects in the shape in which webhooks carry them. */
function refuseExpansions(params: StripeData = {}): void {
  // A form may also name a list by its members: `expand[0]`.
  const name = Object.keys(params).find((field) => /^(expand|include)(\[|$)/.test(field));
  if (name === undefined) return;
  throw invalidField(
    `params.${name}`,
    'field_not_allowed',
    `params.${name} must be left out: what is written is kept as it is, and what it names is an object of its own`,
  );
}

/** Stripe tells an endpoint's signing secret once, to whoever makes it; the mirror is no place for it. */
function withoutSecret({ object }: StripeObjectType, data: StripeData): StripeData {
  if (object !== 'webhook_endpoint') return data;
  return Object.fromEntries(Object.entries(data).filter(([name]) => name !== 'secret'));
}

/** Stripe's refusal; where nobody knows whether it happened, that, and how to find out. */
function failureOf(error: unknown, call: WriteCall, request: string): DomainError {
  const refusal = toDomainError(error);
  const isOpen = refusal.kind === 'unavailable' || refusal.kind === 'upstream_failed';
  if (!isOpen || outcomeOf(error) !== 'unknown') return refusal;
  return new DomainError(
    refusal.kind,
    refusal.code,
    `Stripe gave no answer to ${request}, and it may have happened all the same: send the same request again with "Idempotency-Key: ${call.key}"`,
    { cause: refusal },
  );
}
