import { buy, visitAndSignUp } from './chapters/buying.js';
import { mirrorFills, refundPart, salesEarn } from './chapters/earning.js';
import { open } from './chapters/opening.js';
import { monthPasses, payOut } from './chapters/paying-out.js';
import { reckon, statement } from './chapters/reckoning.js';
import { GrpcCalls } from './grpc-calls.js';
import { Page } from './page.js';
import type { Stage } from './stage.js';
import { newRun } from './story.js';
import { StripeSide } from './stripe-side.js';
import { findSurroundings, type Surroundings } from './surroundings.js';
import { TributaryApi } from './tributary-api.js';

const page = new Page(process.stdout, process.stdout.isTTY && process.env.NO_COLOR === undefined);

async function main(): Promise<void> {
  const startedAt = Date.now();
  const surroundings = findSurroundings();
  const stage = await setStage(surroundings);
  try {
    await greet(stage, surroundings);
    const faults = await play(stage);
    farewell(faults, Date.now() - startedAt);
  } finally {
    stage.grpc.close();
  }
}

/** Everything is reached once before anything is written. */
async function setStage({ httpUrl, grpcAddress, stripeUrl, apiKey, databaseUrl }: Surroundings): Promise<Stage> {
  const api = new TributaryApi(httpUrl, apiKey);
  await api.get('/v1/programs?limit=1');
  const stripe = new StripeSide(stripeUrl);
  await stripe.requireDeliveriesTo(httpUrl);
  return { run: newRun(), api, stripe, grpc: new GrpcCalls(grpcAddress, apiKey), page, databaseUrl };
}

async function greet({ run, stripe }: Stage, { httpUrl, grpcAddress, apiKeyInShell }: Surroundings): Promise<void> {
  const now = await stripe.now();
  page.title(`Tributary: a referral program on Stripe, start to finish (run ${run})`);
  page.note(
    `HTTP ${httpUrl}, gRPC ${grpcAddress}, Stripe ${stripe.url} (the sandbox), where it is ${now.toISOString()}`,
  );
  page.note(`Look anything up with: curl -s -H "Authorization: Bearer ${apiKeyInShell}" <address>`);
}

async function play(stage: Stage): Promise<string[]> {
  const cast = await open(stage);
  const visits = await visitAndSignUp(stage, cast);
  const purchases = await buy(stage, cast, visits);
  await mirrorFills(stage, purchases);
  await salesEarn(stage, cast);
  await refundPart(stage, cast, purchases);
  await monthPasses(stage, cast, purchases);
  await payOut(stage, cast, purchases);
  await statement(stage, cast);
  return reckon(stage, cast);
}

function farewell(faults: readonly string[], tookMs: number): void {
  if (faults.length === 0) {
    return page.good(
      `\nEvery figure is what it should be (${(tookMs / 1_000).toFixed(1)} s). Run it again: it brings new people.\n`,
    );
  }
  page.bad(`\nThese figures are off:\n${faults.map((fault) => `  ${fault}`).join('\n')}\n`);
  process.exitCode = 1;
}

await main().catch((error: unknown) => {
  process.stderr.write(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
