import { inForceAt, inOrder, type Dated } from './dated.js';

/** `draft`: nothing binds or earns. `paused`: nobody new is bound, who is bound earns on. `archived`: nothing new earns. */
export const PROGRAM_STATES = ['draft', 'active', 'paused', 'archived'] as const;
export type ProgramState = (typeof PROGRAM_STATES)[number];

/** What a program may become; `archived` is the end. */
export const TRANSITIONS: Readonly<Record<ProgramState, readonly ProgramState[]>> = {
  draft: ['active', 'archived'],
  active: ['paused', 'archived'],
  paused: ['active', 'archived'],
  archived: [],
};

/** The state at an instant; the first one counts for everything before it, as a program's first terms do. Pure. */
export function programStateAt<T extends Dated & { state: ProgramState }>(
  changes: readonly T[],
  at: Date,
): ProgramState {
  const state = (inForceAt(changes, at) ?? inOrder(changes)[0])?.state;
  if (state === undefined) throw new Error('a program without a state');
  return state;
}

export const mayBind = (state: ProgramState): boolean => state === 'active';
export const mayEarn = (state: ProgramState): boolean => state === 'active' || state === 'paused';
