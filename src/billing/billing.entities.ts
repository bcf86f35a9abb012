import { ApiVersionSeen } from './truth/api-version-seen.entity.js';
import { ListedObject } from './truth/listed-object.entity.js';
import { Sweep } from './truth/sweep.entity.js';
import { Verification } from './truth/verification.entity.js';
import { Refetch } from './mirror/refetch.entity.js';
import { STRIPE_OBJECT_TYPES } from './objects/registry.js';
import { SettleQueueEntry } from './mirror/settle-queue.entity.js';

/** The mirror's tables, straight from the registry, its two queues, and what watches over its truth. */
export const BILLING_ENTITIES = [
  ...STRIPE_OBJECT_TYPES.map((type) => type.model),
  SettleQueueEntry,
  Refetch,
  ApiVersionSeen,
  ListedObject,
  Sweep,
  Verification,
] as Array<new () => object>;
