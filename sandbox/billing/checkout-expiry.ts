import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

type Session = Kinds['checkout.session'];

export function expireSession(scope: Scope, session: Session): Session {
  if (session.status !== 'open') {
    throw invalidRequest(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status ?? ''}.`,
    );
  }
  const expired = scope.update('checkout.session', session, { status: 'expired', url: null });
  scope.emit('checkout.session.expired', expired);
  return expired;
}
