import { ApiVersionSeen } from './truth/api-version-seen.entity.js';
import { ListFollow } from './truth/list-follow.entity.js';
import { ListedObject } from './truth/listed-object.entity.js';
import { Sweep } from './truth/sweep.entity.js';
import { Verification } from './truth/verification.entity.js';
import { BackfillCount, BackfillSeen } from './backfill/backfill-count.entity.js';
import { BackfillTask } from './backfill/backfill-task.entity.js';
import { Backfill } from './backfill/backfill.entity.js';
import { CustomerErasure, ErasedObject } from './mirror/erasure.entity.js';
import { OffStripeAmount } from './mirror/off-stripe-amount.entity.js';
import { Refetch } from './mirror/refetch.entity.js';
import { STRIPE_OBJECT_TYPES } from './objects/registry.js';
import { CustomerIntent, CustomerRef } from './operations/customers-ref.entity.js';
import { SettleQueueEntry } from './mirror/settle-queue.entity.js';

/** The mirror's tables, straight from the registry, its two queues, the backfills, and what watches over its truth. */
export const BILLING_ENTITIES = [
  ...STRIPE_OBJECT_TYPES.map((type) => type.model),
  SettleQueueEntry,
  CustomerErasure,
  CustomerIntent,
  CustomerRef,
  ErasedObject,
  OffStripeAmount,
  Refetch,
  Backfill,
  BackfillTask,
  BackfillCount,
  BackfillSeen,
  ApiVersionSeen,
  ListedObject,
  ListFollow,
  Sweep,
  Verification,
] as Array<new () => object>;
