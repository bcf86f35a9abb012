export type StripeErrorType =
  | 'api_error'
  | 'authentication_error'
  | 'card_error'
  | 'idempotency_error'
  | 'invalid_request_error'
  | 'rate_limit_error';

export interface StripeErrorFields {
  code?: string;
  param?: string;
  declineCode?: string;
  charge?: string;
  paymentIntent?: unknown;
}

/** A refusal in Stripe's shape. Thrown by handlers, answered by the server. */
export class StripeFailure extends Error {
  /** A declined card leaves its traces (failed charge, events); every other refusal leaves nothing. */
  keepsChanges = false;

  constructor(
    readonly status: number,
    readonly type: StripeErrorType,
    message: string,
    readonly fields: StripeErrorFields = {},
  ) {
    super(message);
    this.name = 'StripeFailure';
  }

  body(requestId: string): { error: Record<string, unknown> } {
    const { code, param, declineCode, charge, paymentIntent } = this.fields;
    return {
      error: {
        ...(code && { code, doc_url: `https://docs.stripe.com/error-codes/${code.replaceAll('_', '-')}` }),
        ...(declineCode && { decline_code: declineCode }),
        ...(charge && { charge }),
        message: this.message,
        ...(param && { param }),
        ...(paymentIntent !== undefined && { payment_intent: paymentIntent }),
        request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}?t=0`,
        type: this.type,
      },
    };
  }
}

export function invalidRequest(message: string, fields: StripeErrorFields = {}, status = 400): StripeFailure {
  return new StripeFailure(status, 'invalid_request_error', message, fields);
}

export function missingParam(param: string): StripeFailure {
  return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}

/** An id in the path answers 404, a reference in the body 400, as Stripe does. */
export function noSuch(noun: string, id: string, param = 'id'): StripeFailure {
  return invalidRequest(`No such ${noun}: '${id}'`, { code: 'resource_missing', param }, param === 'id' ? 404 : 400);
}
