import type { ValueTransformer } from 'typeorm';

/** The driver hands 64-bit integers over as text. Amounts are refused beyond 2^53 when they come in, so a number is exact. */
export const bigintAsNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};
