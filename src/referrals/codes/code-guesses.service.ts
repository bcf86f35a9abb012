import { Injectable } from '@nestjs/common';
import { addressBucket } from '../../access/access.guard.js';
import type { Caller } from '../../access/caller.js';
import { RateLimitsService } from '../../access/rate-limits.service.js';

/** Who looks a code up: a key, or a stranger's address. */
export type Guesser = Pick<Caller, 'keyId'> | { address: string };

/** Limits how many unknown codes one may try, so that nobody finds the known ones by trying. */
@Injectable()
export class CodeGuesses {
  constructor(private readonly limits: RateLimitsService) {}

  /** What `look` finds; null counts against the guesser. Errors: `rate_limited`, known codes included, after too many. */
  async limited<T>(guesser: Guesser, look: () => Promise<T | null>): Promise<T | null> {
    const [kind, subject] =
      'keyId' in guesser
        ? (['guesses_of_key', guesser.keyId] as const)
        : (['guesses_from_address', addressBucket(guesser.address)] as const);
    this.limits.check(kind, subject);
    const found = await look();
    if (found === null) this.limits.count(kind, subject);
    return found;
  }
}
