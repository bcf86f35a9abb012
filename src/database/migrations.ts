import type { MigrationInterface } from 'typeorm';

import { Schemas1764000000000 } from './migrations/1764000000000-schemas.js';

/** Every migration, oldest first. A released one is never edited. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [Schemas1764000000000];
