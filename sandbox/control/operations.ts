import { deauthorize, setCapability, type CapabilityName, type CapabilityStatus } from '../billing/accounts.js';
import { completeSession, finishAsyncPayment, type Completion } from '../billing/checkout.js';
import { closeDispute, openDispute, reinstateFunds, withdrawFunds, type DisputeOptions } from '../billing/disputes.js';
import { settlePayout } from '../billing/payouts.js';
import { failRefund } from '../billing/refunds.js';
import { stripeId } from '../core/ids.js';
import { PLATFORM, Scope } from '../core/scope.js';
import type { EventRow, Kinds } from '../core/wire.js';
import type { World } from '../core/world.js';
import { liftRestrictions, restrictKey, type Permissions } from '../http/restricted-keys.js';
import { addEndpoint } from '../resources/webhook-endpoints.js';
import { addThinDestination, thinDestinationAt } from '../resources/v2/v2-destinations.js';
import { topUp } from '../resources/balance.js';
import {
  isEntry,
  putObject,
  removeObject,
  type DeletedObject,
  type GivenObject,
  type PutEntry,
  type PutOptions,
} from './stored-objects.js';
import { truthPage, type TruthFilter, type TruthPage, type TruthRow } from './truth.js';

export interface EndpointOptions {
  url: string;
  /** Made up when absent. */
  secret?: string;
  /** All types when absent. */
  events?: string[];
  /** For events of connected accounts instead of the platform's own. */
  connect?: boolean;
  /** For thin events of v2 instead of v1's: an event destination is registered. */
  thin?: boolean;
}

/** What people and banks do, and what no API call of ours can: pay at Checkout, dispute, refuse, review. */
export class Operations {
  constructor(protected readonly world: World) {}

  completeCheckout(session: string, completion: Completion = {}): Kinds['checkout.session'] {
    return this.act((scope) => completeSession(scope, scope.get('checkout.session', session), completion));
  }

  finishAsyncPayment(session: string, outcome: 'succeed' | 'fail'): Kinds['checkout.session'] {
    return this.act((scope) => finishAsyncPayment(scope, scope.get('checkout.session', session), outcome));
  }

  openDispute(charge: string, options: DisputeOptions = {}): Kinds['dispute'] {
    return this.act((scope) => openDispute(scope, scope.get('charge', charge), options));
  }

  withdrawDispute(dispute: string): Kinds['dispute'] {
    return this.act((scope) => withdrawFunds(scope, scope.get('dispute', dispute)));
  }

  reinstateDispute(dispute: string): Kinds['dispute'] {
    return this.act((scope) => reinstateFunds(scope, scope.get('dispute', dispute)));
  }

  closeDispute(dispute: string, outcome: 'won' | 'lost' | 'warning_closed'): Kinds['dispute'] {
    return this.act((scope) => closeDispute(scope, scope.get('dispute', dispute), outcome));
  }

  failRefund(refund: string, reason?: string): Kinds['refund'] {
    return this.act((scope) => failRefund(scope, scope.get('refund', refund), reason));
  }

  warnOfFraud(charge: string, fraudType = 'made_with_stolen_card'): Kinds['radar.early_fraud_warning'] {
    return this.act((scope) => {
      const { payment_intent } = scope.get('charge', charge);
      const warning = {
        id: stripeId('issfr'),
        object: 'radar.early_fraud_warning' as const,
        actionable: true,
        charge,
        created: scope.now,
        fraud_type: fraudType,
        livemode: false,
        ...(payment_intent && { payment_intent }),
      };
      return scope.insert('radar.early_fraud_warning', warning, 'radar.early_fraud_warning.created');
    });
  }

  setCapability(account: string, name: CapabilityName, status: CapabilityStatus): Kinds['account'] {
    return this.act((scope) => setCapability(scope, scope.get('account', account), name, status));
  }

  deauthorizeAccount(account: string): void {
    this.act((scope) => deauthorize(scope, scope.get('account', account)));
  }

  /** Available at once; with an account id, for a connected account. */
  addFunds(amount: number, currency = 'usd', account = PLATFORM): Kinds['topup'] {
    return this.act((scope) => topUp(scope, { amount, currency, description: 'Funds added to the sandbox' }), account);
  }

  settlePayout(payout: string, outcome: 'paid' | 'failed' | 'canceled', account = PLATFORM): Kinds['payout'] {
    return this.act((scope) => settlePayout(scope, scope.get('payout', payout), outcome), account);
  }

  addWebhookEndpoint(options: EndpointOptions): { id: string; secret: string; url: string } {
    const { url, secret, events = ['*'], connect, thin } = options;
    if (thin) return this.act((scope) => addThinDestination(scope, url, events, secret));
    return this.act((scope) => addEndpoint(scope, { url, secret, enabledEvents: events, connect }));
  }

  /** As `addWebhookEndpoint`, but one with the same URL and kind is taken over: for a service that starts again. */
  ensureWebhookEndpoint(options: EndpointOptions & { secret: string }): { id: string; secret: string; url: string } {
    const scope = new Scope(this.world);
    if (options.thin) {
      const there = thinDestinationAt(scope, options.url);
      if (there === null) return this.addWebhookEndpoint(options);
      this.changeSecrets(there, () => [options.secret]);
      return { id: there, url: options.url, secret: options.secret };
    }
    const known = scope.all('webhook_endpoint').find(({ id, url }) => {
      return url === options.url && scope.get('sandbox.endpoint', id).connect === (options.connect ?? false);
    });
    if (!known) return this.addWebhookEndpoint(options);
    this.changeSecrets(known.id, () => [options.secret]);
    this.act((inner) => inner.update('webhook_endpoint', known, { enabled_events: options.events ?? ['*'] }));
    return { id: known.id, url: known.url, secret: options.secret };
  }

  /** From now on deliveries are signed with both secrets, until the old ones are dropped. Answers the new one. */
  rotateSecret(endpoint: string, secret = stripeId('whsec', 32)): string {
    this.changeSecrets(endpoint, (secrets) => [secret, ...secrets]);
    return secret;
  }

  /** Ends a rotation: only the newest secret signs. */
  dropOldSecrets(endpoint: string): void {
    this.changeSecrets(endpoint, (secrets) => secrets.slice(0, 1));
  }

  /** An event of any type and content, stored and delivered as if Stripe had made it. */
  emit(
    type: string,
    object: object,
    options: { account?: string; previousAttributes?: Record<string, unknown> } = {},
  ): EventRow {
    return this.act((scope) => scope.emit(type, object, options.previousAttributes), options.account);
  }

  /** All events, oldest first; a connected account's with its id. */
  events(type?: string, account = PLATFORM): EventRow[] {
    return new Scope(this.world, account).all('event', (event) => type === undefined || event.type === type);
  }

  /** Delivers an event of the past again. */
  redeliver(event: string, times = 1, account = PLATFORM): void {
    this.world.deliveries.redeliver(new Scope(this.world, account).get('event', event), times);
  }

  /** Gives an `rk_test_…` key its permissions, by the list's path: `{ charges: 'read', 'checkout.sessions': 'write' }`. */
  restrictKey(key: string, permissions: Permissions): void {
    restrictKey(this.world, key, permissions);
  }

  liftRestrictions(key: string): void {
    liftRestrictions(this.world, key);
  }

  /** Stores an object of any type, as if it had come about at Stripe; with an event only when one is named. */
  putObject(object: GivenObject, options: PutOptions = {}): Record<string, unknown> {
    return this.act((scope) => putObject(scope, object, options));
  }

  /** Many at once, all of them or none; what one says of itself goes before `options`. Answers how many. */
  putObjects(given: readonly (GivenObject | PutEntry)[], options: PutOptions = {}): number {
    this.act((scope) => {
      for (const one of given) {
        if (isEntry(one)) putObject(scope, one.object, { ...options, ...one });
        else putObject(scope, one, options);
      }
    });
    return given.length;
  }

  /** Takes an object away; `event` as in `putObject`. */
  removeObject(object: string, id: string, options: Pick<PutOptions, 'account' | 'event'> = {}): DeletedObject {
    return this.act((scope) => removeObject(scope, object, id, options));
  }

  /** Every object as Stripe would answer it now, and what was deleted; see `truthPage`. */
  truth(filter: Omit<TruthFilter, 'starting_after' | 'limit'> = {}): TruthRow[] {
    return truthPage(this.world, filter).data;
  }

  truthPage(filter: TruthFilter): TruthPage {
    return truthPage(this.world, filter);
  }

  private changeSecrets(endpoint: string, change: (secrets: string[]) => string[]): void {
    this.act((scope) => {
      const row = scope.get('sandbox.endpoint', endpoint);
      scope.update('sandbox.endpoint', row, { secrets: change(row.secrets) });
    });
  }

  private act<T>(work: (scope: Scope) => T, account = PLATFORM): T {
    return this.world.transact(() => work(new Scope(this.world, account)));
  }
}
