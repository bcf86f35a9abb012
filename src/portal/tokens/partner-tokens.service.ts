import { Injectable } from '@nestjs/common';
import type { ApiKey } from '../../access/api-key.entity.js';
import { ApiKeysService } from '../../access/api-keys.service.js';
import { MS_PER_SECOND } from '../../common/clock.js';
import type { PageQuery } from '../../common/page-query.dto.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { PartnersService } from '../../partners/partners.service.js';
import type { CreatePartnerTokenDto, NewPartnerTokenView, PartnerTokenView } from './partner-token.dto.js';

const LIST = 'partner-tokens';
const EXPIRES_IN_SECONDS = 3_600;

/** Tokens that the company's back end hands to its partners. They expire by real time, as keys do. */
@Injectable()
export class PartnerTokens {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly partners: PartnersService,
  ) {}

  /** The token's text is in this answer and nowhere else. Errors: `partner_not_found`. */
  async create(
    workspaceId: string,
    partnerId: string,
    { expiresInSeconds = EXPIRES_IN_SECONDS, allow }: CreatePartnerTokenDto,
  ): Promise<NewPartnerTokenView> {
    await this.partners.require(workspaceId, partnerId);
    const expiresAt = new Date(Date.now() + expiresInSeconds * MS_PER_SECOND);
    const grant = { partnerId, customerNames: allow?.customerNames ?? false };
    const { key, token } = await this.keys.createForPartner(workspaceId, grant, expiresAt);
    return { ...viewOf(key), token };
  }

  /** Newest first; those that expired long ago are forgotten. Errors: `partner_not_found`. */
  async list(workspaceId: string, partnerId: string, { limit, cursor }: PageQuery): Promise<Page<PartnerTokenView>> {
    await this.partners.require(workspaceId, partnerId);
    const after = cursor === undefined ? null : decodeCursor(LIST, cursor);
    const rows = await this.keys.listOfPartner(workspaceId, partnerId, after, limit + 1);
    const page = toPage(LIST, rows, limit, ({ key, position }) => ({ sort: position, id: key.keyId }));
    return { ...page, data: page.data.map(({ key }) => viewOf(key)) };
  }

  /** Takes effect within a second, everywhere. Safe to repeat. Errors: `partner_token_not_found`. */
  async revoke(workspaceId: string, partnerId: string, tokenId: string): Promise<PartnerTokenView> {
    return viewOf(await this.keys.revokeOfPartner(workspaceId, partnerId, tokenId));
  }
}

function viewOf({
  keyId,
  partnerId,
  customerNames,
  createdAt,
  expiresAt,
  revokedAt,
  lastUsedAt,
}: ApiKey): PartnerTokenView {
  return {
    ...{ id: keyId, partnerId: partnerId ?? '', allow: { customerNames } },
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? '',
    revokedAt: revokedAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
