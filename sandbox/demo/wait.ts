import { setTimeout as pause } from 'node:timers/promises';
import { DemoError } from './demo-error.js';

const LIMIT_MS = 20_000;
const POLL_MS = 60;

/** Asks again and again until `probe` answers something; null means not yet. Gives up with a sentence that says what was missed. */
export async function until<T>(what: string, probe: () => Promise<T | null>): Promise<T> {
  const limit = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    if (Date.now() > limit) {
      throw new DemoError(
        `waited ${LIMIT_MS / 1_000} s in vain until ${what}; /readyz shows what waits, and GET /v1/webhook-events?state=parked what failed`,
      );
    }
    await pause(POLL_MS);
  }
}
