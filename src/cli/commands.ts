import type { Command } from './command.js';

export interface CommandRow {
  name: string;
  /** One line in the list of all commands. */
  summary: string;
  /** Loaded when it is called, so that help and mistakes are answered at once. */
  load(): Promise<Command>;
}

/** Every command of `tributary`, in the order in which they are listed. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'backfill',
    summary: 'take in everything that Stripe lists',
    load: async () => (await import('./backfill.command.js')).BACKFILL,
  },
  {
    name: 'import',
    summary: 'bring in partners, codes, customers and balances from another tool',
    load: async () => (await import('./import.command.js')).IMPORT,
  },
  {
    name: 'rebuild',
    summary: 'work out all commissions anew, and compare',
    load: async () => (await import('./rebuild.command.js')).REBUILD,
  },
  {
    name: 'sql',
    summary: "look something up in the service's database",
    load: async () => (await import('./sql.command.js')).SQL,
  },
  {
    name: 'verify',
    summary: 'compare the mirror with Stripe',
    load: async () => (await import('./verify.command.js')).VERIFY,
  },
];
