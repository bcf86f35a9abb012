import { missingParam, noSuch } from '../../core/errors.js';
import { randomText } from '../../core/ids.js';
import { maybeObject } from '../../core/objects.js';
import type { Param } from '../../http/params.js';
import { bareRoute, type Route } from '../../http/router.js';

const ACCOUNT = 'v2.core.account';
const LIFETIME_SECONDS = 300;
const json: Param<unknown> = { read: (value) => value };
const instant = (seconds: number): string => new Date(seconds * 1_000).toISOString();

interface UseCase {
  type?: string;
  [details: string]: unknown;
}

/** Links on which the owner of an account gives Stripe what it asks for; they are kept nowhere. */
export function accountLinkRoute(): Route {
  return bareRoute('POST', '/v2/core/account_links', { account: json, use_case: json }, (scope, sent) => {
    if (typeof sent.account !== 'string') throw missingParam('account');
    const useCase = (sent.use_case ?? {}) as UseCase;
    if (useCase.type !== 'account_onboarding' && useCase.type !== 'account_update') throw missingParam('use_case.type');
    const { refresh_url: refreshUrl } = (useCase[useCase.type] ?? {}) as { refresh_url?: unknown };
    if (typeof refreshUrl !== 'string') throw missingParam(`use_case.${useCase.type}.refresh_url`);
    if (!maybeObject(scope, ACCOUNT, sent.account)) throw noSuch(ACCOUNT, sent.account, 'account');
    return {
      object: 'v2.core.account_link',
      account: sent.account,
      created: instant(scope.now),
      expires_at: instant(scope.now + LIFETIME_SECONDS),
      livemode: false,
      url: `https://accounts.stripe.com/setup/e/${sent.account}/${randomText(12)}`,
      use_case: useCase,
    };
  });
}
