import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { DataSource, In } from 'typeorm';
import { Clock } from '../common/clock.js';
import { invalidField, notFound } from '../common/errors.js';
import { PartnerGroup } from '../partners/groups/partner-group.entity.js';
import { PartnersService } from '../partners/partners.service.js';
import { codeKeyOf } from '../referrals/codes/code-rules.js';
import { ReferralCodeName } from '../referrals/codes/referral-code-name.entity.js';
import { ProgramTerms } from '../referrals/program-terms.service.js';
import { ReferralCode } from '../referrals/referral-code.entity.js';
import { ReferralProgram } from '../referrals/referral-program.entity.js';
import type { Slice, Split } from './cut.js';
import type { SliceQuery } from './dto/numbers.dto.js';

/** Of figures that are of no single program. */
const NO_PROGRAM_TIME_ZONE = 'UTC';

/** Turns names into ids and back, and finds the time zone that days are counted in. */
@Injectable()
export class Slices {
  constructor(
    private readonly db: DataSource,
    private readonly partners: PartnersService,
    private readonly terms: ProgramTerms,
    private readonly clock: Clock,
  ) {}

  /**
   * The slice that a query names, undivided, from `monthsBack` whole months before the month of `to` unless it says from when.
   * Errors: `program_not_found`, `partner_not_found`, `code_not_found`, `partner_group_not_found`, `invalid_period`.
   */
  async of(workspaceId: string, query: SliceQuery, monthsBack = 0): Promise<Slice> {
    const { programKey, partnerId = null, code: text, groupKey = null } = query;
    if (partnerId !== null) await this.partners.require(workspaceId, partnerId, 'partnerId');
    if (groupKey !== null) await this.requireGroup(workspaceId, groupKey);
    const code = text === undefined ? null : await this.codeOf(workspaceId, text);
    const named = programKey === undefined ? null : await this.programOf(workspaceId, programKey);
    const programId = named?.id ?? code?.programId ?? null;
    const to = query.to ?? this.clock.now();
    const timeZone = programId === null ? NO_PROGRAM_TIME_ZONE : await this.timeZoneOf(workspaceId, programId);
    const from = query.from ?? monthsBefore(to, monthsBack, timeZone);
    if (from.getTime() >= to.getTime() && query.from !== undefined)
      throw invalidField('from', 'invalid_period', `from must be before to (${to.toISOString()})`);
    return {
      ...{ workspaceId, programId, from, to, timeZone, by: null, split: null },
      ...{ partnerId: partnerId ?? code?.partnerId ?? null, codeId: code?.id ?? null, groupKey },
    };
  }

  /** What clients call the things of those ids. */
  async namesOf(workspaceId: string, split: Split | null, ids: readonly string[]): Promise<Map<string, string>> {
    const where = { workspaceId, id: In([...ids]) };
    if (split === 'program') {
      const programs = await this.db.getRepository(ReferralProgram).findBy(where);
      return new Map(programs.map(({ id, key }) => [id, key]));
    }
    if (split === 'code') {
      const codes = await this.db.getRepository(ReferralCode).findBy(where);
      return new Map(codes.map(({ id, code }) => [id, code]));
    }
    return new Map(ids.map((id) => [id, id]));
  }

  private async programOf(workspaceId: string, key: string): Promise<ReferralProgram> {
    const program = await this.db.getRepository(ReferralProgram).findOneBy({ workspaceId, key });
    if (program === null) throw notFound('program', key, 'programKey');
    return program;
  }

  private async requireGroup(workspaceId: string, key: string): Promise<void> {
    const isThere = await this.db.getRepository(PartnerGroup).existsBy({ workspaceId, key });
    if (!isThere) throw notFound('partner_group', key, 'groupKey');
  }

  /** By any text that leads to it. */
  private async codeOf(workspaceId: string, text: string): Promise<ReferralCode> {
    const where = { workspaceId, codeKey: codeKeyOf(text) };
    const name = await this.db.getRepository(ReferralCodeName).findOneBy(where);
    if (name === null) throw notFound('code', text, 'code');
    return this.db.getRepository(ReferralCode).findOneByOrFail({ workspaceId, id: name.codeId });
  }

  private async timeZoneOf(workspaceId: string, programId: string): Promise<string> {
    return (await this.terms.termsAt(workspaceId, programId, this.clock.now(), this.db.manager)).timeZone;
  }
}

function monthsBefore(to: Date, months: number, zone: string): Date {
  return DateTime.fromJSDate(to, { zone }).startOf('month').minus({ months }).toJSDate();
}
