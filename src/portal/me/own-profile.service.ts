import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PartnerCaller } from '../../access/current-caller.js';
import type { Page } from '../../common/pagination.js';
import { AppConfig } from '../../config/app-config.js';
import { PartnersService } from '../../partners/partners.service.js';
import { linkOf } from '../../referrals/clicks/link-rules.js';
import type { CodeView } from '../../referrals/codes/code.dto.js';
import { CodesService } from '../../referrals/codes/codes.service.js';
import { ProgramsService } from '../../referrals/programs.service.js';
import type { OwnCodeView, OwnProgramQuery, OwnProgramView, ProfileView } from './me.dto.js';

/** Who a partner is, what they are in and what they share. */
@Injectable()
export class OwnProfile {
  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
    private readonly partners: PartnersService,
    private readonly programs: ProgramsService,
    private readonly codesOf: CodesService,
  ) {}

  async profile({ workspaceId, partnerId }: PartnerCaller): Promise<ProfileView> {
    const partner = await this.partners.get(workspaceId, partnerId);
    const { id, externalId, name, email, active, deactivatedAt, payoutMethod } = partner;
    const keys = await this.db.query<Array<{ key: string }>>(
      `SELECT DISTINCT p.key FROM tributary.referral_code c
         JOIN tributary.referral_program p ON p.workspace_id = c.workspace_id AND p.id = c.program_id
        WHERE c.workspace_id = $1 AND c.partner_id = $2 ORDER BY p.key`,
      [workspaceId, partnerId],
    );
    const programs: OwnProgramView[] = [];
    for (const { key } of keys) {
      const { name: title, state, currency, ...terms } = await this.programs.get(workspaceId, key);
      const { holdDays, conversionWindowDays, minPayoutMinor } = terms;
      programs.push({ key, name: title, state, currency, holdDays, conversionWindowDays, minPayoutMinor });
    }
    return { id, externalId, name, email, active, deactivatedAt, payoutMethod, programs };
  }

  /** Newest first. */
  async codes({ workspaceId, partnerId }: PartnerCaller, query: OwnProgramQuery): Promise<Page<OwnCodeView>> {
    const page = await this.codesOf.list(workspaceId, { ...query, partnerId });
    return { ...page, data: page.data.map((code) => this.codeView(code)) };
  }

  private codeView(held: CodeView): OwnCodeView {
    const { code, programKey, active, statusReason, maxUses, uses, expiresAt, createdAt } = held;
    const { publicUrl } = this.config;
    const link = publicUrl === undefined ? null : linkOf(publicUrl, code);
    return { code, programKey, link, active, statusReason, maxUses, uses, expiresAt, createdAt };
  }
}
