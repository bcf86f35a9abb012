import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, LessThan } from 'typeorm';
import { MS_PER_DAY } from '../common/clock.js';
import { DomainError, invalidField, notFound } from '../common/errors.js';
import type { CursorPosition } from '../common/pagination.js';
import { ApiKey } from './api-key.entity.js';
import { formatToken, hashSecret, newToken } from './api-key-token.js';
import type { ApiKeyToken } from './api-key-token.js';
import type { PartnerGrant } from './caller.js';
import { isGrantedScope } from './policy.js';
import type { GrantedScope } from './policy.js';
import { Workspace } from './workspace.entity.js';

/** How long a looked-up key is believed. A revocation takes effect within it on every replica. */
const CACHE_MS = 1_000;
/** A flood of invented key ids must not fill the memory. */
const CACHE_KEYS_MAX = 10_000;
/** Compared against when no row is found, so that the time taken does not tell whether a key id exists. */
const NO_SECRET = Buffer.alloc(32);

const PARTNER_TOKEN = 'token of a partner';
/** So long the list of a partner's tokens shows those that have expired. */
const EXPIRED_KEPT_MS = 30 * MS_PER_DAY;

export interface AuthenticatedKey {
  keyId: string;
  workspaceId: string;
  livemode: boolean;
  scopes: readonly string[];
  partner: PartnerGrant | null;
}

export interface NewApiKey {
  workspaceId: string;
  name: string;
  scopes: readonly GrantedScope[];
  expiresAt?: Date;
}

interface KnownKey extends AuthenticatedKey {
  secretHash: Buffer;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

@Injectable()
export class ApiKeysService {
  private readonly cache = new Map<string, { key: Promise<KnownKey | null>; readAt: number }>();
  private readonly used = new Map<string, Date>();

  constructor(private readonly db: DataSource) {}

  /** The key that `token` proves, or null: unknown, wrong secret, expired and revoked look the same. Real time counts. */
  async authenticate(token: ApiKeyToken): Promise<AuthenticatedKey | null> {
    const known = await this.known(token.keyId);
    const proven = timingSafeEqual(hashSecret(token.secret), known?.secretHash ?? NO_SECRET);
    if (!known || !proven || !isLive(known)) return null;
    this.used.set(known.keyId, new Date());
    return known;
  }

  /** A new key and, this once, its token. */
  async create({ workspaceId, name, scopes, expiresAt }: NewApiKey): Promise<{ key: ApiKey; token: string }> {
    if (scopes.length === 0 || !scopes.every(isGrantedScope)) {
      throw invalidField('scopes', 'unknown_scope', 'scopes must name at least one known scope, or "*"');
    }
    return this.insert({ workspaceId, name, scopes: [...scopes], expiresAt: expiresAt ?? null });
  }

  /** A new token of the partner and, this once, its text. Tokens that expired long ago are forgotten. */
  async createForPartner(
    workspaceId: string,
    { partnerId, customerNames }: PartnerGrant,
    expiresAt: Date,
  ): Promise<{ key: ApiKey; token: string }> {
    const before = new Date(Date.now() - EXPIRED_KEPT_MS);
    await this.db.getRepository(ApiKey).delete({ workspaceId, partnerId, expiresAt: LessThan(before) });
    return this.insert({ workspaceId, name: PARTNER_TOKEN, scopes: [], partnerId, customerNames, expiresAt });
  }

  /** Safe to repeat. Takes effect here at once, on other replicas within a second. */
  async revoke(workspaceId: string, keyId: string): Promise<void> {
    const keys = this.db.getRepository(ApiKey);
    await keys.update({ workspaceId, keyId, revokedAt: IsNull() }, { revokedAt: () => 'now()' });
    this.cache.delete(keyId);
    if (!(await keys.existsBy({ workspaceId, keyId }))) throw notFound('api_key', keyId);
  }

  /** The company's own keys, oldest first. */
  list(workspaceId: string): Promise<ApiKey[]> {
    const order = { createdAt: 'ASC', keyId: 'ASC' } as const;
    return this.db.getRepository(ApiKey).find({ where: { workspaceId, partnerId: IsNull() }, order });
  }

  /** The partner's tokens, newest first, each with its place in that order. */
  async listOfPartner(
    workspaceId: string,
    partnerId: string,
    after: CursorPosition | null,
    limit: number,
  ): Promise<Array<{ key: ApiKey; position: string }>> {
    const select = this.db
      .getRepository(ApiKey)
      .createQueryBuilder('k')
      .addSelect('k.created_at::text', 'position')
      .where('k.workspace_id = :workspaceId AND k.partner_id = :partnerId', { workspaceId, partnerId })
      .orderBy('k.created_at', 'DESC')
      .addOrderBy('k.key_id', 'DESC')
      .limit(limit);
    if (after !== null) select.andWhere('(k.created_at, k.key_id) < (:sort::timestamptz, :id)', after);
    const { entities, raw } = await select.getRawAndEntities<{ position: string }>();
    return entities.map((key, at) => ({ key, position: raw[at]?.position ?? '' }));
  }

  /** As `revoke`, of a token of this partner and no other key. */
  async revokeOfPartner(workspaceId: string, partnerId: string, keyId: string): Promise<ApiKey> {
    const keys = this.db.getRepository(ApiKey);
    if (!(await keys.existsBy({ workspaceId, partnerId, keyId }))) throw notFound('partner_token', keyId, 'tokenId');
    await this.revoke(workspaceId, keyId);
    return keys.findOneByOrFail({ workspaceId, keyId });
  }

  /** Writes down when keys were used since the last call; called in the background. */
  async recordUses(): Promise<void> {
    if (this.used.size === 0) return;
    const uses = [...this.used].map(([keyId, at]) => ({ key_id: keyId, at: at.toISOString() }));
    this.used.clear();
    await this.db.query(
      `UPDATE tributary.api_key k SET last_used_at = u.at
         FROM jsonb_to_recordset($1::jsonb) AS u(key_id text, at timestamptz)
        WHERE k.key_id = u.key_id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)`,
      [JSON.stringify(uses)],
    );
  }

  private async insert(
    row: Partial<ApiKey> & Pick<ApiKey, 'workspaceId' | 'name' | 'scopes'>,
  ): Promise<{ key: ApiKey; token: string }> {
    const token = newToken();
    const { keyId, secret } = token;
    await this.db.getRepository(ApiKey).insert({ ...row, keyId, secretHash: hashSecret(secret) });
    const key = await this.db.getRepository(ApiKey).findOneByOrFail({ workspaceId: row.workspaceId, keyId });
    return { key, token: formatToken(token) };
  }

  private known(keyId: string): Promise<KnownKey | null> {
    const cached = this.cache.get(keyId);
    if (cached && Date.now() - cached.readAt < CACHE_MS) return cached.key;
    if (this.cache.size >= CACHE_KEYS_MAX) this.cache.clear();
    const entry = { key: this.load(keyId), readAt: Date.now() };
    this.cache.set(keyId, entry);
    entry.key.catch(() => this.cache.delete(keyId));
    return entry.key;
  }

  private async load(keyId: string): Promise<KnownKey | null> {
    const row = await this.db
      .getRepository(ApiKey)
      .createQueryBuilder('key')
      .addSelect('key.secretHash')
      .innerJoinAndMapOne('key.workspace', Workspace, 'workspace', 'workspace.id = key.workspaceId')
      .where('key.keyId = :keyId', { keyId })
      .getOne();
    if (!row) return null;
    const { workspace } = row as ApiKey & { workspace: Workspace };
    const { workspaceId, scopes, partnerId, customerNames, secretHash, expiresAt, revokedAt } = row;
    const partner = partnerId === null ? null : { partnerId, customerNames };
    return { keyId, workspaceId, livemode: workspace.livemode, scopes, partner, secretHash, expiresAt, revokedAt };
  }
}

function isLive({ revokedAt, expiresAt }: KnownKey): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt.getTime() > Date.now());
}

/** What every refused credential is told, whatever was wrong with it. */
export function unauthenticated(): DomainError {
  return new DomainError(
    'unauthenticated',
    'unauthenticated',
    'send a valid API key as "Authorization: Bearer trb_<keyid>_<secret>"; this one is missing, unknown, expired or revoked',
  );
}
