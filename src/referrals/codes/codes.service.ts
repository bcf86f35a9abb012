import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField, notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { decodeCursor, toPage } from '../../common/pagination.js';
import type { Page } from '../../common/pagination.js';
import { PartnersService } from '../../partners/partners.service.js';
import { CodeGuesses } from './code-guesses.service.js';
import { CodeNames } from './code-names.repository.js';
import { codeKeyOf, isReservedCode, newCode, objectionTo, type OwnObjection } from './code-rules.js';
import { CodeUses } from './code-uses.repository.js';
import { CodeViews, type CodeInProgram } from './code-views.service.js';
import type { CodeValidityView, CodeView, CreateCodeDto, PartnerProgramQuery, UpdateCodeDto } from './code.dto.js';
import { PromotionCodes } from './promotion-codes.service.js';
import { ReferralCodeName } from './referral-code-name.entity.js';
import { ReferralCodeStatus } from './referral-code-status.entity.js';
import { ProgramsService } from '../programs.service.js';
import { ReferralCode } from '../referral-code.entity.js';
import { ReferralProgram } from '../referral-program.entity.js';
import { Standings } from '../standing/standings.repository.js';

const LIST = 'codes';
/** Among 2^50 codes a second collision in a row means that something else is wrong. */
const GENERATION_ATTEMPTS_MAX = 5;

const REFUSALS: Record<OwnObjection, string> = {
  code_inactive: 'has been switched off',
  code_expired: 'has expired',
  code_exhausted: 'has brought as many customers as it may',
};

@Injectable()
export class CodesService {
  constructor(
    private readonly db: DataSource,
    private readonly programs: ProgramsService,
    private readonly partners: PartnersService,
    private readonly names: CodeNames,
    private readonly views: CodeViews,
    private readonly uses: CodeUses,
    private readonly promotions: PromotionCodes,
    private readonly guesses: CodeGuesses,
    private readonly standings: Standings,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /** Errors: `program_not_found`, `partner_not_found`, `code_reserved`, `code_taken`, and those of the coupon. */
  async create(workspaceId: string, dto: CreateCodeDto, tx: EntityManager): Promise<CodeView> {
    const program = await this.programs.require(workspaceId, dto.programKey, 'programKey', tx);
    const partner = await this.partners.require(workspaceId, dto.partnerId, 'partnerId', tx);
    const row: Omit<ReferralCode, 'code' | 'codeKey'> = {
      workspaceId,
      id: newId('code'),
      programId: program.id,
      partnerId: partner.id,
      maxUses: dto.maxUses ?? null,
      uses: 0,
      expiresAt: dto.expiresAt ?? null,
      active: true,
      statusReason: null,
      statusChangedAt: null,
      stripePromotionCodeId: dto.stripePromotionCodeId ?? null,
      createdAt: this.clock.now(),
    };
    const text = dto.code ?? null;
    if (text === null) return this.keep(program, await this.generated(row, tx), null, dto, tx);
    await this.claim(row, text, tx);
    return this.keep(program, named(row, text), null, dto, tx);
  }

  /** Errors: `code_reserved`, `code_taken`, `expires_in_past`, and those of the coupon. */
  async update(workspaceId: string, text: string, dto: UpdateCodeDto, tx: EntityManager): Promise<CodeView> {
    const { code: found, programKey } = await this.require(workspaceId, text, tx);
    const program = await this.programs.require(workspaceId, programKey, 'programKey', tx);
    const at = { workspaceId, id: found.id };
    // Locked, so that of two changes the second is made to what the first has left.
    const lock = { mode: 'pessimistic_write' } as const;
    const before = await tx.getRepository(ReferralCode).findOneOrFail({ where: at, lock });
    const now = this.clock.now();
    if (dto.expiresAt != null && dto.expiresAt < now) {
      const says =
        'expiresAt must not be in the past, since whom the code has brought by now stays; to close it, set active to false';
      throw invalidField('expiresAt', 'expires_in_past', says);
    }
    if (dto.code !== undefined) await this.claim(before, dto.code, tx);
    const after: ReferralCode = { ...before, ...statusOf(before, dto, now) };
    if (dto.maxUses !== undefined) after.maxUses = dto.maxUses;
    if (dto.expiresAt !== undefined) after.expiresAt = dto.expiresAt;
    if (dto.stripePromotionCodeId !== undefined) after.stripePromotionCodeId = dto.stripePromotionCodeId;
    return this.keep(program, dto.code === undefined ? after : named(after, dto.code), before, dto, tx);
  }

  /** Writes the code as it is from now on, and says what follows from it. */
  private async keep(
    program: ReferralProgram,
    code: ReferralCode,
    before: ReferralCode | null,
    { stripeCouponId: coupon, stripePromotionCodeId }: CreateCodeDto | UpdateCodeDto,
    tx: EntityManager,
  ): Promise<CodeView> {
    if (coupon != null && stripePromotionCodeId != null) {
      const says = 'give either stripeCouponId, for which a promotion code is made, or stripePromotionCodeId, not both';
      throw invalidField('stripePromotionCodeId', 'field_not_allowed', says);
    }
    if (before !== null && before.active !== code.active) {
      const { workspaceId, id: codeId, active } = code;
      const status = { workspaceId, codeId, active, effectiveAt: this.clock.now() };
      await tx.getRepository(ReferralCodeStatus).upsert(status, ['workspaceId', 'codeId', 'effectiveAt']);
    }
    if (before === null) await tx.getRepository(ReferralCode).insert(code);
    else await tx.getRepository(ReferralCode).update({ workspaceId: code.workspaceId, id: code.id }, changesOf(code));
    await this.promotions.want(code, before, { coupon, program }, tx);
    const texts = [code.codeKey, before?.codeKey ?? code.codeKey];
    await this.touchPromotionCodes(code, texts, [before?.stripePromotionCodeId, code.stripePromotionCodeId], tx);
    return this.views.one({ code, programKey: program.key }, tx);
  }

  /** The text is the code's from now on. Errors: `code_reserved`, `code_taken`. */
  private async claim(code: Pick<ReferralCode, 'workspaceId' | 'id'>, text: string, tx: EntityManager): Promise<void> {
    if (isReservedCode(text)) {
      throw invalidField('code', 'code_reserved', `the code ${text} is reserved; choose another`);
    }
    if (await this.names.claim(code, text, this.clock.now(), tx)) return;
    const says = `the code ${text} is taken (codes are compared without regard to case, and keep their earlier texts); choose another`;
    throw new DomainError('already_exists', 'code_taken', says, { field: 'code' });
  }

  private async generated(row: Omit<ReferralCode, 'code' | 'codeKey'>, tx: EntityManager): Promise<ReferralCode> {
    for (let attempt = 1; attempt <= GENERATION_ATTEMPTS_MAX; attempt++) {
      const text = newCode();
      if (await this.names.claim(row, text, row.createdAt, tx)) return named(row, text);
    }
    throw new DomainError('internal', 'internal', `no free code was found in ${GENERATION_ATTEMPTS_MAX} attempts`);
  }

  /** Whoever has used one of the promotion codes that stood, stands or now stands for the code may be bound differently. */
  private async touchPromotionCodes(
    { workspaceId }: ReferralCode,
    texts: readonly string[],
    byId: ReadonlyArray<string | null | undefined>,
    tx: EntityManager,
  ): Promise<void> {
    const rows = await tx.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.promotion_codes WHERE workspace_id = $1 AND account = '' AND upper(code) = ANY($2)`,
      [workspaceId, texts],
    );
    const ids = [...rows.map(({ id }) => id), ...byId.filter((id) => id != null)];
    await this.settling.touch(
      ids.map((id) => ({ workspaceId, account: '', kind: 'promotion_code', id })),
      tx,
    );
  }

  async get(workspaceId: string, text: string): Promise<CodeView> {
    return this.views.one(await this.require(workspaceId, text, this.db.manager), this.db.manager);
  }

  /** Newest first. */
  async list(workspaceId: string, query: PartnerProgramQuery): Promise<Page<CodeView>> {
    const select = inPrograms(this.db.manager, workspaceId)
      .orderBy('c.id', 'DESC')
      .limit(query.limit + 1);
    if (query.partnerId !== undefined) select.andWhere('c.partner_id = :partnerId', { partnerId: query.partnerId });
    if (query.programKey !== undefined) select.andWhere('p.key = :programKey', { programKey: query.programKey });
    if (query.cursor !== undefined) select.andWhere('c.id < :after', { after: decodeCursor(LIST, query.cursor).id });
    const rows = await withProgramKeys(select);
    const page = toPage(LIST, rows, query.limit, ({ code }) => ({ sort: '', id: code.id }));
    return { ...page, data: await this.views.of(page.data, this.db.manager) };
  }

  /**
   * Whether the code would bring a customer now. An unknown code is an answer here, not an error. Errors: `rate_limited`
   * after too many unknown ones.
   */
  async validate(
    { workspaceId, keyId }: Pick<Caller, 'workspaceId' | 'keyId'>,
    text: string,
    manager: EntityManager = this.db.manager,
  ): Promise<CodeValidityView> {
    const found = await this.guesses.limited({ keyId }, () => this.find(workspaceId, text, manager));
    if (found === null) return { valid: false, code: text, reason: 'code_not_found' };
    const { code, programKey } = found;
    const now = this.clock.now();
    const reason = objectionTo(code, now) ?? (await this.standings.objectionTo(code, now, manager)) ?? undefined;
    const told = { code: code.code, programKey, partnerId: code.partnerId };
    if (reason !== undefined) return { valid: false, ...told, reason };
    const shown = (await this.promotions.viewsOf([code], manager)).get(code.id);
    return { valid: true, ...told, discount: shown?.discount ?? null };
  }

  /** The code, or `code_not_found`; one of another workspace does not exist here. */
  async require(
    workspaceId: string,
    text: string,
    manager: EntityManager,
    field: 'code' | 'id' = 'code',
  ): Promise<CodeInProgram> {
    const found = await this.find(workspaceId, text, manager);
    if (found === null) throw notFound('code', text, field);
    return found;
  }

  /** The code of this program, or `code_not_found`, also for a code of another program. */
  async requireIn(
    { workspaceId, id, key }: Pick<ReferralProgram, 'workspaceId' | 'id' | 'key'>,
    text: string,
    manager: EntityManager,
    field: 'code' | 'id' = 'code',
  ): Promise<ReferralCode> {
    const found = await this.find(workspaceId, text, manager);
    if (found?.code.programId === id) return found.code;
    const says = `code ${text} does not exist in the program ${key}`;
    throw new DomainError('not_found', 'code_not_found', says, { field });
  }

  /**
   * Throws `code_inactive` or `code_expired` when the code brings nobody new at `at`. The states of program and partner do
   * not count: they may be set for a time that is past, and a sign-up that was refused would be lost then.
   */
  assertOpen(code: ReferralCode, at: Date): void {
    const objection = objectionTo({ ...code, maxUses: null }, at);
    if (objection !== null) throw refusal(code, objection);
  }

  /** Counts one more customer, or throws `code_exhausted`. */
  async use(code: ReferralCode, tx: EntityManager): Promise<void> {
    if (!(await this.uses.take(code, tx))) throw refusal(code, 'code_exhausted');
  }

  /** The code that the text leads to, also by an older name of it; null when there is none. */
  async find(workspaceId: string, text: string, manager: EntityManager): Promise<CodeInProgram | null> {
    const select = inPrograms(manager, workspaceId)
      .innerJoin(ReferralCodeName, 'n', 'n.workspace_id = c.workspace_id AND n.code_id = c.id')
      .andWhere('n.code_key = :codeKey', { codeKey: codeKeyOf(text) });
    return (await withProgramKeys(select))[0] ?? null;
  }
}

function inPrograms(manager: EntityManager, workspaceId: string) {
  return manager
    .getRepository(ReferralCode)
    .createQueryBuilder('c')
    .innerJoin(ReferralProgram, 'p', 'p.workspace_id = c.workspace_id AND p.id = c.program_id')
    .addSelect('p.key', 'program_key')
    .where('c.workspace_id = :workspaceId', { workspaceId });
}

async function withProgramKeys(select: ReturnType<typeof inPrograms>): Promise<CodeInProgram[]> {
  const { entities, raw } = await select.getRawAndEntities<{ program_key: string }>();
  return entities.map((code, at) => ({ code, programKey: raw[at]?.program_key ?? '' }));
}

const named = (row: Omit<ReferralCode, 'code' | 'codeKey'>, code: string): ReferralCode => ({
  ...row,
  code,
  codeKey: codeKeyOf(code),
});

/** `uses` is counted elsewhere, maybe at this moment. */
function changesOf(code: ReferralCode): Partial<ReferralCode> {
  const {
    code: text,
    codeKey,
    maxUses,
    expiresAt,
    active,
    statusReason,
    statusChangedAt,
    stripePromotionCodeId,
  } = code;
  return { code: text, codeKey, maxUses, expiresAt, active, statusReason, statusChangedAt, stripePromotionCodeId };
}

/** Suspended or reactivated at `now`, or as it was. A reason alone is refused: it would be one for nothing. */
function statusOf(
  { active: isActive, statusReason, statusChangedAt }: ReferralCode,
  { active, reason = null }: UpdateCodeDto,
  now: Date,
): Pick<ReferralCode, 'active' | 'statusReason' | 'statusChangedAt'> {
  if (active === undefined && reason !== null) {
    const says = 'reason belongs to a code that is suspended or reactivated: give active, too, or leave it out';
    throw invalidField('reason', 'field_not_allowed', says);
  }
  if (active === undefined || (active === isActive && reason === null)) {
    return { active: isActive, statusReason, statusChangedAt };
  }
  return { active, statusReason: reason, statusChangedAt: now };
}

function refusal({ code }: ReferralCode, objection: OwnObjection): DomainError {
  return new DomainError('conflict', objection, `the code ${code} ${REFUSALS[objection]}`, { field: 'code' });
}
