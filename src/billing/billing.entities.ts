import { Refetch } from './mirror/refetch.entity.js';
import { STRIPE_OBJECT_TYPES } from './objects/registry.js';
import { SettleQueueEntry } from './mirror/settle-queue.entity.js';

/** The mirror's tables, straight from the registry, and its two queues. */
export const BILLING_ENTITIES = [...STRIPE_OBJECT_TYPES.map((type) => type.model), SettleQueueEntry, Refetch] as Array<
  new () => object
>;
