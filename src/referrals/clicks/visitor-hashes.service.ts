import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { addressBucket } from '../../access/access.guard.js';

const SALT_BYTES = 32;
const HASH_CHARS = 22;
/** Salts of the day before may still be in use by a process that has not seen midnight. */
const SALT_KEPT = '1 day';

/** What a request tells of a visitor, which is never stored as it is. */
export interface VisitorFacts {
  ip?: string | null;
  userAgent?: string | null;
}

export interface VisitorHashes {
  ipHash: string | null;
  agentHash: string | null;
}

/**
 * Hashes with a salt of the workspace and the day. Within a day two clicks of one address can be told from those of two;
 * when the salt is forgotten, nobody can tell any more which address it was.
 */
@Injectable()
export class VisitorHashesService {
  private readonly known = new Map<string, string>();

  async of(
    workspaceId: string,
    { ip, userAgent }: VisitorFacts,
    at: Date,
    manager: EntityManager,
  ): Promise<VisitorHashes> {
    if (!ip && !userAgent) return { ipHash: null, agentHash: null };
    const salt = await this.saltOf(workspaceId, at.toISOString().slice(0, 10), manager);
    return {
      ipHash: ip ? hash(salt, 'ip', addressBucket(ip)) : null,
      agentHash: userAgent ? hash(salt, 'agent', userAgent) : null,
    };
  }

  private async saltOf(workspaceId: string, day: string, manager: EntityManager): Promise<string> {
    const key = `${workspaceId}:${day}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const [row] = await manager.query<Array<{ salt: string }>>(
      'SELECT salt FROM tributary.click_salt WHERE workspace_id = $1 AND day = $2',
      [workspaceId, day],
    );
    // One that is only made now is not remembered: a transaction that is undone takes it with it.
    if (row === undefined) return makeSalt(workspaceId, day, manager);
    this.remember(key, workspaceId, row.salt);
    return row.salt;
  }

  private remember(key: string, workspaceId: string, salt: string): void {
    for (const old of this.known.keys()) if (old.startsWith(`${workspaceId}:`)) this.known.delete(old);
    this.known.set(key, salt);
  }
}

/** Whoever comes first decides; the update of nothing tells the others what it was. Forgets those of earlier days. */
async function makeSalt(workspaceId: string, day: string, manager: EntityManager): Promise<string> {
  const made = randomBytes(SALT_BYTES).toString('base64url');
  const [row] = await manager.query<Array<{ salt: string }>>(
    `INSERT INTO tributary.click_salt AS s (workspace_id, day, salt) VALUES ($1, $2, $3)
     ON CONFLICT (workspace_id, day) DO UPDATE SET salt = s.salt RETURNING salt`,
    [workspaceId, day, made],
  );
  await manager.query(`DELETE FROM tributary.click_salt WHERE workspace_id = $1 AND day < $2::date - $3::interval`, [
    workspaceId,
    day,
    SALT_KEPT,
  ]);
  return row?.salt ?? made;
}

function hash(salt: string, what: string, value: string): string {
  return createHmac('sha256', salt).update(`${what}:${value}`).digest('base64url').slice(0, HASH_CHARS);
}
