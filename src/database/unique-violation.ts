import { QueryFailedError } from 'typeorm';

const UNIQUE_VIOLATION = '23505';

/** Whether `thrown` is the refusal of this very unique index. The transaction is then good for nothing but being rolled back. */
export function violatesUnique(thrown: unknown, index: string): boolean {
  if (!(thrown instanceof QueryFailedError)) return false;
  const { code, constraint } = thrown.driverError as { code?: unknown; constraint?: unknown };
  return code === UNIQUE_VIOLATION && constraint === index;
}
