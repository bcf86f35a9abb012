import type { EntityList } from './database/data-source.js';

/** Every entity of every room, one by one; what is not here has no table. */
export const ENTITIES: EntityList & unknown[] = [];
