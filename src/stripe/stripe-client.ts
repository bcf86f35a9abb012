import * as http from 'node:http';
import * as https from 'node:https';
import Stripe from 'stripe';
import { STRIPE_API_VERSION } from './api-version.js';

/** Idle connections are closed before the other side closes them: a write that meets a closed one has an unknown outcome. */
const IDLE_CONNECTION_MS = 30_000;
/** After these the SDK sends a request once more by itself, whatever its settings say. */
const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE']);

/**
 * The SDK's client with nothing done behind our back: one call is one request, which the limiter has counted and whose
 * failure the caller sees. `close` ends the idle connections.
 */
export function createStripeClient(
  secretKey: string,
  apiBase: URL | undefined,
  timeoutMs: number,
): { stripe: Stripe; close(): void } {
  const isPlain = apiBase?.protocol === 'http:';
  const connections = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
  const agent = isPlain ? new http.Agent(connections) : new https.Agent(connections);
  const stripe = new Stripe(secretKey, {
    ...(apiBase && {
      host: apiBase.hostname,
      port: apiBase.port || (isPlain ? '80' : '443'),
      protocol: isPlain ? ('http' as const) : ('https' as const),
    }),
    apiVersion: STRIPE_API_VERSION,
    telemetry: false,
    // A repeated attempt is a decision of the caller's, who has the key committed; the SDK must not make it silently.
    maxNetworkRetries: 0,
    httpClient: withoutSilentRetry(Stripe.createNodeHttpClient(agent)),
    timeout: timeoutMs,
    appInfo: { name: 'Tributary' },
  });
  return { stripe, close: () => agent.destroy() };
}

function withoutSilentRetry(client: Stripe.HttpClient): Stripe.HttpClient {
  const makeRequest = client.makeRequest.bind(client);
  client.makeRequest = async (...request) => {
    try {
      return await makeRequest(...request);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined || !CLOSED_CODES.has(code)) throw error;
      throw new Error(`the connection was closed (${code})`, { cause: error });
    }
  };
  return client;
}
