import { parseArgs } from 'node:util';
import { StripeSandbox } from './stripe-sandbox.js';

const DEFAULT_PORT = 12_111;

const { values } = parseArgs({
  options: { port: { type: 'string' }, state: { type: 'string' }, seed: { type: 'string' } },
});

const sandbox = await StripeSandbox.start({
  port: values.port === undefined ? DEFAULT_PORT : Number(values.port),
  stateFile: values.state,
  seed: values.seed === undefined ? undefined : Number(values.seed),
  nodeEnv: process.env.NODE_ENV,
  secretKey: process.env.STRIPE_SECRET_KEY,
});
console.log(`The Stripe sandbox listens on ${sandbox.url}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void sandbox.stop().then(() => process.exit(0));
  });
}
