import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DomainError } from '../common/errors.js';
import { AppConfig } from '../config/app-config.js';
import { ApiKey } from './api-key.entity.js';
import { formatToken, hashSecret, newToken, parseToken } from './api-key-token.js';
import type { ApiKeyToken } from './api-key-token.js';
import { ALL_SCOPES } from './policy.js';
import { lockFirstStart, WorkspacesService } from './workspaces.service.js';

/** How the first API key comes to be: from the environment, or made up at the first start. */
@Injectable()
export class FirstKeyService {
  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
    private readonly workspaces: WorkspacesService,
  ) {}

  /**
   * Makes sure that the home workspace has a key. Returns the token of a key that was just generated, which is the only
   * moment at which it can be shown, else null. Throws `api_key_of_other_workspace` when TRIBUTARY_API_KEY belongs elsewhere.
   */
  async ensure(): Promise<string | null> {
    const workspace = await this.workspaces.ensureHome();
    const configured = this.config.apiKey === undefined ? null : parseToken(this.config.apiKey);
    return this.db.transaction(async (tx) => {
      await lockFirstStart(tx);
      return configured ? this.adopt(tx, workspace.id, configured).then(() => null) : this.generate(tx, workspace.id);
    });
  }

  private async adopt(tx: EntityManager, workspaceId: string, token: ApiKeyToken): Promise<void> {
    const keys = tx.getRepository(ApiKey);
    const known = await keys.findOneBy({ keyId: token.keyId });
    if (!known) return insertKey(tx, workspaceId, token, 'from TRIBUTARY_API_KEY');
    if (known.workspaceId !== workspaceId) {
      throw new DomainError(
        'conflict',
        'api_key_of_other_workspace',
        `TRIBUTARY_API_KEY must be a key of workspace ${workspaceId}, but key ${token.keyId} belongs to ${known.workspaceId}; use another key for this mode`,
      );
    }
    // The environment may give the same key id a new secret; it must not bring a revoked key back.
    await keys.update({ workspaceId, keyId: token.keyId }, { secretHash: hashSecret(token.secret) });
  }

  private async generate(tx: EntityManager, workspaceId: string): Promise<string | null> {
    if (await tx.getRepository(ApiKey).existsBy({ workspaceId })) return null;
    const token = newToken();
    await insertKey(tx, workspaceId, token, 'made at the first start');
    return formatToken(token);
  }
}

async function insertKey(tx: EntityManager, workspaceId: string, token: ApiKeyToken, name: string): Promise<void> {
  const secretHash = hashSecret(token.secret);
  await tx.getRepository(ApiKey).insert({ keyId: token.keyId, workspaceId, secretHash, name, scopes: [ALL_SCOPES] });
}
