import type { CommandTools } from '../../src/cli/command.js';

const refuse = (): Promise<never> => Promise.reject(new Error('not asked for'));

/** What a command gets to open, none of which may be opened; a test replaces what its command needs. */
export const OPENS_NOTHING: Pick<CommandTools, 'openHouse' | 'reachDatabase' | 'openSecludedHouse'> = {
  openHouse: refuse,
  reachDatabase: refuse,
  openSecludedHouse: refuse,
};
