import * as http from 'node:http';
import * as https from 'node:https';

export interface PostOutcome {
  /** Null when no answer came. */
  status: number | null;
  error: string | null;
}

/** Posts to endpoints over kept connections. */
export class Poster {
  private readonly agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };

  constructor(private readonly timeoutMs: number) {}

  post(url: string, body: Buffer, signature: string): Promise<PostOutcome> {
    return new Promise((resolve) => {
      const target = new URL(url);
      const secure = target.protocol === 'https:';
      const request = (secure ? https : http).request(target, {
        method: 'POST',
        agent: this.agents[secure ? 'https:' : 'http:'],
        timeout: this.timeoutMs,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': body.length,
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          'cache-control': 'no-cache',
          accept: '*/*; q=0.5, application/xml',
          'stripe-signature': signature,
        },
      });
      request.on('response', (response) => {
        response.resume();
        response.on('error', (error) => resolve({ status: null, error: error.message }));
        response.on('end', () => resolve({ status: response.statusCode ?? null, error: null }));
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${this.timeoutMs} ms`)));
      request.on('error', (error) => resolve({ status: null, error: error.message }));
      request.end(body);
    });
  }

  close(): void {
    this.agents['http:'].destroy();
    this.agents['https:'].destroy();
  }
}
