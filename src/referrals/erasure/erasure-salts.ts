import { createHmac, randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';

const SALT_BYTES = 32;

/** Of what names a person, so that the same is known again. Whoever has not the salt cannot even try who it is. Pure. */
export function saltedHash(salt: string, text: string): string {
  return createHmac('sha256', salt).update(text).digest('base64url');
}

/** Null while the workspace has none. */
export async function knownSaltOf(workspaceId: string, tx: EntityManager): Promise<string | null> {
  const [row] = await tx.query<Array<{ salt: string }>>(
    `SELECT salt FROM tributary.erasure_salt WHERE workspace_id = $1`,
    [workspaceId],
  );
  return row?.salt ?? null;
}

/** Made when it is needed first, and kept: without it nobody would be known again. Read first, so that nobody waits. */
export async function saltOf(workspaceId: string, tx: EntityManager): Promise<string> {
  const known = await knownSaltOf(workspaceId, tx);
  if (known !== null) return known;
  const [row] = await tx.query<[{ salt: string }]>(
    `INSERT INTO tributary.erasure_salt AS held (workspace_id, salt) VALUES ($1, $2)
     ON CONFLICT (workspace_id) DO UPDATE SET salt = held.salt RETURNING salt`,
    [workspaceId, randomBytes(SALT_BYTES).toString('base64url')],
  );
  return row.salt;
}
