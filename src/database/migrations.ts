import type { MigrationInterface } from 'typeorm';

import { Schemas1764000000000 } from './migrations/1764000000000-schemas.js';
import { Access1764000000100 } from './migrations/1764000000100-access.js';
import { Mirror1764000000200 } from './migrations/1764000000200-mirror.js';
import { Inbox1764000000300 } from './migrations/1764000000300-inbox.js';
import { Ledger1764000000400 } from './migrations/1764000000400-ledger.js';
import { Referrals1764000000500 } from './migrations/1764000000500-referrals.js';
import { Payouts1764000000600 } from './migrations/1764000000600-payouts.js';
import { Ingest1764000000700 } from './migrations/1764000000700-ingest.js';
import { StripeLimits1764000000800 } from './migrations/1764000000800-stripe-limits.js';
import { Backfill1764000000900 } from './migrations/1764000000900-backfill.js';
import { Truth1764000001000 } from './migrations/1764000001000-truth.js';
import { Customers1764000001100 } from './migrations/1764000001100-customers.js';
import { ListFollows1764000001200 } from './migrations/1764000001200-list-follows.js';
import { CodesClicks1764000001500 } from './migrations/1764000001500-codes-clicks.js';
import { ProgramFacts1764000001300 } from './migrations/1764000001300-program-facts.js';
import { Holds1764000001400 } from './migrations/1764000001400-holds.js';
import { PartnerPortal1764000001800 } from './migrations/1764000001800-partner-portal.js';
import { Privacy1764000001810 } from './migrations/1764000001810-privacy.js';
import { OffStripe1764000001700 } from './migrations/1764000001700-off-stripe.js';
import { Suspicion1764000001600 } from './migrations/1764000001600-suspicion.js';
import { PartnerChanges1764000001620 } from './migrations/1764000001620-partner-changes.js';
import { PartnerTerms1764000001710 } from './migrations/1764000001710-partner-terms.js';
import { Numbers1764000001900 } from './migrations/1764000001900-numbers.js';
import { Imports1764000002000 } from './migrations/1764000002000-imports.js';
import { ProgramDiscounts1764000002100 } from './migrations/1764000002100-program-discounts.js';
import { Leads1764000001750 } from './migrations/1764000001750-leads.js';

/** Every migration, oldest first. A released one is never edited. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  Schemas1764000000000,
  Access1764000000100,
  Mirror1764000000200,
  Inbox1764000000300,
  Ledger1764000000400,
  Referrals1764000000500,
  Payouts1764000000600,
  Ingest1764000000700,
  StripeLimits1764000000800,
  Backfill1764000000900,
  Truth1764000001000,
  Customers1764000001100,
  ListFollows1764000001200,
  CodesClicks1764000001500,
  ProgramFacts1764000001300,
  Holds1764000001400,
  Suspicion1764000001600,
  PartnerChanges1764000001620,
  OffStripe1764000001700,
  PartnerTerms1764000001710,
  Leads1764000001750,
  PartnerPortal1764000001800,
  Privacy1764000001810,
  Numbers1764000001900,
  Imports1764000002000,
  ProgramDiscounts1764000002100,
];
