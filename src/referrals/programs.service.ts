import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { DataSource, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { DomainError, notFound } from '../common/errors.js';
import { newId } from '../common/ids.js';
import type { PageQuery } from '../common/page-query.dto.js';
import { decodeCursor, toPage } from '../common/pagination.js';
import type { Page } from '../common/pagination.js';
import { violatesUnique } from '../database/unique-violation.js';
import type { CreateProgramDto, ProgramView, UpdateProgramDto } from './dto/program.dto.js';
import { capOf } from './dto/reward-rule.dto.js';
import type { CustomerDiscountView } from './discounts/discount.dto.js';
import { ProgramDiscounts } from './discounts/program-discounts.service.js';
import { suspicionOf } from './suspicion/suspicion.dto.js';
import { ProgramTerms } from './program-terms.service.js';
import { ReferralProgramVersion } from './referral-program-version.entity.js';
import { ReferralProgram } from './referral-program.entity.js';
import { programStateAt } from './rules/program-lifecycle.js';
import { DEFAULT_POLICIES } from './rules/program-policies.js';
import type { ProgramStateChange } from './standing/program-state.entity.js';
import { ProgramStates } from './standing/program-states.service.js';
import type { SetProgramStateDto } from './standing/standing.dto.js';
import { assertMeant, rulesOf, shortReward } from './terms/told-terms.js';

const LIST = 'programs';

/** What holds where a program says nothing (rules of money, defaults). */
const DEFAULTS = {
  currency: 'usd',
  timeZone: 'UTC',
  holdDays: 30,
  conversionWindowDays: 30,
  minPayoutMinor: 1_000,
  touch: 'last',
} as const;

@Injectable()
export class ProgramsService {
  constructor(
    private readonly db: DataSource,
    private readonly terms: ProgramTerms,
    private readonly states: ProgramStates,
    private readonly discounts: ProgramDiscounts,
    private readonly clock: Clock,
  ) {}

  /** Errors: `program_exists` when the workspace has one with this key. */
  async create(workspaceId: string, dto: CreateProgramDto, tx: EntityManager): Promise<ProgramView> {
    const now = this.clock.now();
    const { key, name, currency = DEFAULTS.currency, landingUrl = null } = dto;
    const program: ReferralProgram = {
      ...{ workspaceId, id: newId('program'), key, name, currency, landingUrl, createdAt: now },
    };
    const version: ReferralProgramVersion = {
      workspaceId,
      programId: program.id,
      version: 1,
      effectiveAt: now,
      rules: rulesOf(dto) ?? [],
      caps: dto.caps?.map(capOf) ?? [],
      timeZone: dto.timeZone ?? DEFAULTS.timeZone,
      holdDays: dto.holdDays ?? DEFAULTS.holdDays,
      conversionWindowDays: dto.conversionWindowDays ?? DEFAULTS.conversionWindowDays,
      minPayoutMinor: dto.minPayoutMinor ?? DEFAULTS.minPayoutMinor,
      touch: dto.touch ?? DEFAULTS.touch,
      policies: { ...DEFAULT_POLICIES, ...dto.policies },
      suspicion: suspicionOf(dto.suspicion ?? {}),
    };
    assertMeant(version, dto);
    await insertUnique(program, tx);
    await tx.getRepository(ReferralProgramVersion).insert(version);
    await this.states.begin(program, dto.state ?? 'active', tx);
    await this.discounts.set(program, dto.customerDiscount, tx);
    return this.view(program, version, tx);
  }

  /** Terms that differ become a new version from now on; what was earned before is judged by the old ones. */
  async update(workspaceId: string, key: string, dto: UpdateProgramDto, tx: EntityManager): Promise<ProgramView> {
    const programs = tx.getRepository(ReferralProgram);
    // Locked, so that two edits do not both make the same version.
    const lock = { mode: 'pessimistic_write' } as const;
    const found = await programs.findOne({ where: { workspaceId, key }, lock });
    if (found === null) throw notFound('program', key, 'key');
    const { name = found.name, landingUrl = found.landingUrl } = dto;
    await programs.update({ workspaceId, id: found.id }, { name, landingUrl });
    const version = await this.setTerms(found, dto, tx);
    await this.discounts.set(found, dto.customerDiscount, tx);
    return this.view({ ...found, name, landingUrl }, version, tx);
  }

  async get(workspaceId: string, key: string): Promise<ProgramView> {
    const program = await this.require(workspaceId, key, 'key', this.db.manager);
    return this.view(program, await this.currentTerms(program, this.db.manager), this.db.manager);
  }

  /** Errors: `program_not_found`, `transition_not_allowed`, `effective_before_last`. */
  async setState(workspaceId: string, key: string, dto: SetProgramStateDto, tx: EntityManager): Promise<ProgramView> {
    const program = await this.require(workspaceId, key, 'key', tx);
    await this.states.change(program, dto, tx);
    return this.view(program, await this.currentTerms(program, tx), tx);
  }

  /** Newest first. */
  async list(workspaceId: string, { limit, cursor }: PageQuery): Promise<Page<ProgramView>> {
    const after = cursor === undefined ? {} : { id: LessThan(decodeCursor(LIST, cursor).id) };
    const rows = await this.db
      .getRepository(ReferralProgram)
      .find({ where: { workspaceId, ...after }, order: { id: 'DESC' }, take: limit + 1 });
    const page = toPage(LIST, rows, limit, ({ id }) => ({ sort: '', id }));
    const ids = page.data.map(({ id }) => id);
    const versions = await this.terms.latestOf(workspaceId, ids, this.db.manager);
    const states = await this.states.of(workspaceId, ids);
    const discounts = await this.discounts.viewsOf(workspaceId, ids, this.db.manager);
    const now = this.clock.now();
    const view = (program: ReferralProgram): ProgramView =>
      viewOf(program, termsOf(program, versions), states.get(program.id) ?? [], discounts.get(program.id), now);
    return { ...page, data: page.data.map(view) };
  }

  /** The program, or `program_not_found` naming `field`; one of another workspace does not exist here. */
  async require(workspaceId: string, key: string, field: string, manager: EntityManager): Promise<ReferralProgram> {
    const program = await manager.getRepository(ReferralProgram).findOneBy({ workspaceId, key });
    if (program === null) throw notFound('program', key, field);
    return program;
  }

  private async setTerms(
    program: ReferralProgram,
    dto: UpdateProgramDto,
    tx: EntityManager,
  ): Promise<ReferralProgramVersion> {
    const current = await this.currentTerms(program, tx);
    const wanted: ReferralProgramVersion = {
      ...current,
      rules: rulesOf(dto) ?? current.rules,
      caps: dto.caps?.map(capOf) ?? current.caps,
      timeZone: dto.timeZone ?? current.timeZone,
      holdDays: dto.holdDays ?? current.holdDays,
      conversionWindowDays: dto.conversionWindowDays ?? current.conversionWindowDays,
      minPayoutMinor: dto.minPayoutMinor ?? current.minPayoutMinor,
      touch: dto.touch ?? current.touch,
      policies: { ...current.policies, ...dto.policies },
      suspicion: dto.suspicion === undefined ? current.suspicion : suspicionOf(dto.suspicion),
    };
    if (isDeepStrictEqual({ ...wanted }, { ...current })) return current;
    assertMeant(wanted, dto);
    const version = { ...wanted, version: current.version + 1, effectiveAt: this.clock.now() };
    await tx.getRepository(ReferralProgramVersion).insert(version);
    return version;
  }

  private async view(
    program: ReferralProgram,
    version: ReferralProgramVersion,
    manager: EntityManager,
  ): Promise<ProgramView> {
    const { workspaceId, id } = program;
    const states = await this.states.of(workspaceId, [id], manager);
    const discounts = await this.discounts.viewsOf(workspaceId, [id], manager);
    return viewOf(program, version, states.get(id) ?? [], discounts.get(id), this.clock.now());
  }

  private currentTerms({ workspaceId, id }: ReferralProgram, tx: EntityManager): Promise<ReferralProgramVersion> {
    return tx
      .getRepository(ReferralProgramVersion)
      .findOneOrFail({ where: { workspaceId, programId: id }, order: { version: 'DESC' } });
  }
}

async function insertUnique(program: ReferralProgram, tx: EntityManager): Promise<void> {
  try {
    await tx.getRepository(ReferralProgram).insert(program);
  } catch (error) {
    if (!violatesUnique(error, 'referral_program_key')) throw error;
    const says = `a program with the key ${program.key} exists already`;
    throw new DomainError('already_exists', 'program_exists', says, { field: 'key', cause: error });
  }
}

function termsOf({ id }: ReferralProgram, versions: Map<string, ReferralProgramVersion>): ReferralProgramVersion {
  const version = versions.get(id);
  if (version === undefined) throw new Error(`program ${id} has no terms`);
  return version;
}

function viewOf(
  program: ReferralProgram,
  terms: ReferralProgramVersion,
  states: readonly ProgramStateChange[],
  customerDiscount: CustomerDiscountView | undefined,
  now: Date,
): ProgramView {
  const { id, key, name, currency, landingUrl, createdAt } = program;
  const { rules, caps, timeZone, holdDays, conversionWindowDays, minPayoutMinor, touch, policies, suspicion, version } =
    terms;
  return {
    ...{ id, key, name, currency, reward: shortReward(rules), rules, caps, timeZone },
    ...{ holdDays, conversionWindowDays, minPayoutMinor, touch, policies, suspicion },
    customerDiscount: customerDiscount ?? null,
    ...{ landingUrl, version },
    state: programStateAt(states, now),
    states: states.map(({ state, effectiveAt }) => ({ state, from: effectiveAt.toISOString() })),
    createdAt: createdAt.toISOString(),
  };
}
