import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import type { PageQuery } from '../../common/page-query.dto.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { PartnerGroupMember } from '../../partners/groups/partner-group-member.entity.js';
import { PartnersService } from '../../partners/partners.service.js';
import { CodesService } from '../codes/codes.service.js';
import { capOf } from '../dto/reward-rule.dto.js';
import { ProgramsService } from '../programs.service.js';
import { lockFactsToWrite } from '../referral-facts-lock.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import { countedBy } from '../rules/counted-by.js';
import { inForceAt, inOrder, isSaid } from '../rules/dated.js';
import { touchSalesOf } from './concerned-sales.js';
import { PartnerGroups } from './partner-groups.service.js';
import { TermsInForceRepository } from './terms-in-force.repository.js';
import { TermsOverride } from './terms-override.entity.js';
import { isEnded, type OwnTerms, type TermsScope } from './terms-precedence.js';
import { termsVersionView } from './terms-views.js';
import type { EndTermsQuery, PutTermsDto, ScopeTermsHistoryView, ScopeTermsView } from './terms.dto.js';
import { assertMeant, rulesOf } from './told-terms.js';

const LIST = 'terms';
const SILENT: OwnTerms = { rules: null, caps: null, holdDays: null };

/** Of whom a program's terms are told: as the client names them. */
export interface TermsOf {
  key: string;
  scope: TermsScope;
  id: string;
}

/** The same, found. */
interface Scope {
  program: ReferralProgram;
  scope: TermsScope;
  scopeId: string;
  /** As it is shown. */
  name: string;
  /** Whose sales the terms may decide. */
  partnerIds: string[];
}

/** What a program says of a group, a partner or a code in place of what it says of everyone. */
@Injectable()
export class TermsOverrides {
  constructor(
    private readonly db: DataSource,
    private readonly programs: ProgramsService,
    private readonly groups: PartnerGroups,
    private readonly partners: PartnersService,
    private readonly codes: CodesService,
    private readonly inForce: TermsInForceRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Says it from a moment on, in place of all that was said of the scope; the sales since then are settled again. Errors:
   * those of a program's terms, `missing_field`, and `…_not_found` of the program, group, partner or code.
   */
  async put(workspaceId: string, of: TermsOf, dto: PutTermsDto, tx: EntityManager): Promise<ScopeTermsHistoryView> {
    const terms = termsOf(dto);
    // Before anything is read: whoever joins a group meanwhile is touched by the one or by the other.
    await lockFactsToWrite(workspaceId, tx);
    const scope = await this.find(workspaceId, of, tx);
    await this.say(workspaceId, scope, terms, dto.effectiveAt, tx);
    return this.view(workspaceId, scope, tx);
  }

  /** The wider scopes' terms hold from a moment on. Errors: `terms_not_found`, where nothing was ever said of the scope. */
  async end(workspaceId: string, of: TermsOf, dto: EndTermsQuery, tx: EntityManager): Promise<ScopeTermsHistoryView> {
    await lockFactsToWrite(workspaceId, tx);
    const scope = await this.find(workspaceId, of, tx);
    await this.view(workspaceId, scope, tx);
    await this.say(workspaceId, scope, SILENT, dto.effectiveAt, tx);
    return this.view(workspaceId, scope, tx);
  }

  /** Errors: `terms_not_found`, and `…_not_found` of the program, group, partner or code. */
  async get(workspaceId: string, of: TermsOf): Promise<ScopeTermsHistoryView> {
    const { manager } = this.db;
    return this.view(workspaceId, await this.find(workspaceId, of, manager), manager);
  }

  /** All that hold now, by scope and id. Errors: `program_not_found`. */
  async list(workspaceId: string, key: string, { limit, cursor }: PageQuery): Promise<Page<ScopeTermsView>> {
    const program = await this.programs.require(workspaceId, key, 'key', this.db.manager);
    const after = cursor === undefined ? undefined : decodeCursor(LIST, cursor);
    const rows = await this.inForce.find(program, this.clock.now(), { after, limit: limit + 1 });
    const page = toPage(LIST, rows, limit, ({ scope, scopeId }) => ({ sort: scope, id: scopeId }));
    const view = ({ name, ...row }: (typeof rows)[number]): ScopeTermsView => ({
      ...{ programKey: key, scope: row.scope, id: name, inForce: termsVersionView(row) },
    });
    return { ...page, data: page.data.map(view) };
  }

  /** A dated row, unless it adds nothing. Needs the lock of `lockFactsToWrite`. */
  private async say(
    workspaceId: string,
    { program, scope, scopeId, partnerIds }: Scope,
    terms: OwnTerms,
    effectiveAt: Date | null | undefined,
    tx: EntityManager,
  ): Promise<void> {
    const now = this.clock.now();
    const from = effectiveAt ?? now;
    const at = { workspaceId, programId: program.id, scope, scopeId };
    const rows = await tx.getRepository(TermsOverride).findBy(at);
    if (isSaid(rows.map(dated), { effectiveAt, now }, (inForce) => isDeepStrictEqual(ownTerms(inForce), terms))) return;
    const { rules, caps } = terms;
    await tx.getRepository(TermsOverride).insert({
      ...{ ...at, version: rows.length + 1, effectiveAt: from, ...terms, createdAt: now },
      countsBy: countedBy({ rules: rules ?? [], caps: caps ?? [] }),
    });
    await touchSalesOf({ workspaceId, partnerIds, programId: program.id, from }, tx);
  }

  private async view(
    workspaceId: string,
    { program, scope, scopeId, name }: Scope,
    manager: EntityManager,
  ): Promise<ScopeTermsHistoryView> {
    const where = { workspaceId, programId: program.id, scope, scopeId };
    const rows = await manager.getRepository(TermsOverride).findBy(where);
    if (rows.length === 0) {
      const says = `the program ${program.key} has no terms for the ${scope} ${name}`;
      throw new DomainError('not_found', 'terms_not_found', says, { field: 'id' });
    }
    const now = inForceAt(rows.map(dated), this.clock.now());
    return {
      ...{ programKey: program.key, scope, id: name },
      inForce: now === null || isEnded(now) ? null : termsVersionView(now),
      history: inOrder(rows.map(dated)).map(termsVersionView),
    };
  }

  private async find(workspaceId: string, { key, scope, id }: TermsOf, manager: EntityManager): Promise<Scope> {
    const program = await this.programs.require(workspaceId, key, 'key', manager);
    if (scope === 'partner') {
      await this.partners.require(workspaceId, id, 'id', manager);
      return { program, scope, scopeId: id, name: id, partnerIds: [id] };
    }
    if (scope === 'code') {
      const code = await this.codes.requireIn(program, id, manager, 'id');
      return { program, scope, scopeId: code.id, name: code.code, partnerIds: [code.partnerId] };
    }
    await this.groups.require(workspaceId, id, 'id', manager);
    // Whoever is in it at any time, so that nobody's sale is missed.
    const members = await manager.getRepository(PartnerGroupMember).findBy({ workspaceId, groupKey: id });
    return { program, scope, scopeId: id, name: id, partnerIds: members.map(({ partnerId }) => partnerId) };
  }
}

/** What was told, checked. */
function termsOf(dto: PutTermsDto): OwnTerms {
  if (dto.uncapped === true && (dto.caps ?? []).length > 0) {
    throw invalidField('uncapped', 'field_not_allowed', 'give either caps or uncapped, not both');
  }
  const caps = dto.uncapped === true ? [] : (dto.caps?.map(capOf) ?? null);
  const terms = { rules: rulesOf(dto), caps, holdDays: dto.holdDays ?? null };
  if (isEnded(terms)) {
    const says = 'give rules or reward, caps or uncapped, or holdDays; to take all terms of their own away, use DELETE';
    throw invalidField('rules', 'missing_field', says);
  }
  assertMeant({ rules: terms.rules ?? [], caps: caps ?? [] }, dto);
  return terms;
}

/** Before the first row nothing is said, as after an end. */
function ownTerms(inForce: OwnTerms | null): OwnTerms {
  const { rules, caps, holdDays } = inForce ?? SILENT;
  return { rules, caps, holdDays };
}

const dated = (row: TermsOverride): TermsOverride & { seq: number } => ({ ...row, seq: row.version });
