import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField, notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { decodeCursor, toPage } from '../../common/pagination.js';
import type { Page } from '../../common/pagination.js';
import { PartnersService } from '../../partners/partners.service.js';
import { codeKeyOf, isReservedCode, newCode, objectionTo, type CodeObjection } from './code-rules.js';
import type { CodeValidityView, CodeView, CreateCodeDto, PartnerProgramQuery, UpdateCodeDto } from './code.dto.js';
import { ProgramsService } from '../programs.service.js';
import { ReferralCode } from '../referral-code.entity.js';
import { ReferralProgram } from '../referral-program.entity.js';

const LIST = 'codes';
/** Among 2^50 codes a second collision in a row means that something else is wrong. */
const GENERATION_ATTEMPTS_MAX = 5;

const REFUSALS: Record<CodeObjection, string> = {
  code_inactive: 'has been switched off',
  code_expired: 'has expired',
  code_exhausted: 'has brought as many customers as it may',
};

/** A code with the key of its program. */
export interface CodeInProgram {
  code: ReferralCode;
  programKey: string;
}

@Injectable()
export class CodesService {
  constructor(
    private readonly db: DataSource,
    private readonly programs: ProgramsService,
    private readonly partners: PartnersService,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /** Errors: `program_not_found`, `partner_not_found`, `code_reserved`, `code_taken`. */
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
      stripePromotionCodeId: dto.stripePromotionCodeId ?? null,
      createdAt: this.clock.now(),
    };
    const code = dto.code == null ? await insertGenerated(row, tx) : await insertChosen(row, dto.code, tx);
    await this.touchPromotionCodes(code, [code.stripePromotionCodeId], tx);
    return viewOf({ code, programKey: program.key });
  }

  async update(workspaceId: string, text: string, dto: UpdateCodeDto, tx: EntityManager): Promise<CodeView> {
    const { code, programKey } = await this.require(workspaceId, text, tx);
    const {
      maxUses = code.maxUses,
      expiresAt = code.expiresAt,
      active = code.active,
      stripePromotionCodeId = code.stripePromotionCodeId,
    } = dto;
    if (dto.expiresAt != null && dto.expiresAt < this.clock.now()) {
      const says =
        'expiresAt must not be in the past, since whom the code has brought by now stays; to close it, set active to false';
      throw invalidField('expiresAt', 'expires_in_past', says);
    }
    const changes = { maxUses, expiresAt, active, stripePromotionCodeId };
    await tx.getRepository(ReferralCode).update({ workspaceId, id: code.id }, changes);
    await this.touchPromotionCodes(code, [code.stripePromotionCodeId, stripePromotionCodeId], tx);
    return viewOf({ code: { ...code, ...changes }, programKey });
  }

  /** Whoever has used one of the promotion codes that stood, stands or now stands for the code may be bound differently. */
  private async touchPromotionCodes(
    { workspaceId, codeKey }: ReferralCode,
    named: ReadonlyArray<string | null>,
    tx: EntityManager,
  ): Promise<void> {
    const rows = await tx.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.promotion_codes WHERE workspace_id = $1 AND account = '' AND upper(code) = $2`,
      [workspaceId, codeKey],
    );
    const ids = [...rows.map(({ id }) => id), ...named.filter((id) => id !== null)];
    await this.settling.touch(
      ids.map((id) => ({ workspaceId, account: '', kind: 'promotion_code', id })),
      tx,
    );
  }

  async get(workspaceId: string, text: string): Promise<CodeView> {
    return viewOf(await this.require(workspaceId, text, this.db.manager));
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
    return { ...page, data: page.data.map(viewOf) };
  }

  /** Whether the code would bring a customer now. An unknown code is an answer here, not an error. */
  async validate(
    workspaceId: string,
    text: string,
    manager: EntityManager = this.db.manager,
  ): Promise<CodeValidityView> {
    const found = await this.find(workspaceId, text, manager);
    if (found === null) return { valid: false, code: text, reason: 'code_not_found' };
    const { code, programKey } = found;
    const reason = objectionTo(code, this.clock.now()) ?? undefined;
    return { valid: reason === undefined, code: code.code, programKey, partnerId: code.partnerId, reason };
  }

  /** The code, or `code_not_found`; one of another workspace does not exist here. */
  async require(workspaceId: string, text: string, manager: EntityManager): Promise<CodeInProgram> {
    const found = await this.find(workspaceId, text, manager);
    if (found === null) throw notFound('code', text, 'code');
    return found;
  }

  /** Throws `code_inactive` or `code_expired` when the code brings nobody new at `at`. */
  assertOpen(code: ReferralCode, at: Date): void {
    const objection = objectionTo({ ...code, maxUses: null }, at);
    if (objection !== null) throw refusal(code, objection);
  }

  /**
   * Counts one more customer, or throws `code_exhausted`. Two who want the last use wait for each other on the row, and the
   * guard is judged again after the wait: it cannot be given away twice.
   */
  async use(code: ReferralCode, tx: EntityManager): Promise<void> {
    const [, counted] = await tx.query<[unknown, number]>(
      `UPDATE tributary.referral_code SET uses = uses + 1
        WHERE workspace_id = $1 AND id = $2 AND (max_uses IS NULL OR uses < max_uses)`,
      [code.workspaceId, code.id],
    );
    if (counted === 0) throw refusal(code, 'code_exhausted');
  }

  private async find(workspaceId: string, text: string, manager: EntityManager): Promise<CodeInProgram | null> {
    const select = inPrograms(manager, workspaceId).andWhere('c.code_key = :codeKey', { codeKey: codeKeyOf(text) });
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

async function insertGenerated(row: Omit<ReferralCode, 'code' | 'codeKey'>, tx: EntityManager): Promise<ReferralCode> {
  for (let attempt = 1; attempt <= GENERATION_ATTEMPTS_MAX; attempt++) {
    const text = newCode();
    const code = { ...row, code: text, codeKey: codeKeyOf(text) };
    if (await insertIfFree(code, tx)) return code;
  }
  throw new DomainError('internal', 'internal', `no free code was found in ${GENERATION_ATTEMPTS_MAX} attempts`);
}

async function insertChosen(
  row: Omit<ReferralCode, 'code' | 'codeKey'>,
  text: string,
  tx: EntityManager,
): Promise<ReferralCode> {
  if (isReservedCode(text)) throw invalidField('code', 'code_reserved', `the code ${text} is reserved; choose another`);
  const code = { ...row, code: text, codeKey: codeKeyOf(text) };
  if (await insertIfFree(code, tx)) return code;
  const says = `the code ${text} is taken (codes are compared without regard to case); choose another`;
  throw new DomainError('already_exists', 'code_taken', says, { field: 'code' });
}

/** False when the unique index refuses the text, without spoiling the transaction. */
async function insertIfFree(code: ReferralCode, tx: EntityManager): Promise<boolean> {
  const insert = tx.createQueryBuilder().insert().into(ReferralCode).values(code).orIgnore().returning('id');
  const { raw } = await insert.execute();
  return (raw as unknown[]).length > 0;
}

function refusal({ code }: ReferralCode, objection: CodeObjection): DomainError {
  return new DomainError('conflict', objection, `the code ${code} ${REFUSALS[objection]}`, { field: 'code' });
}

function viewOf({ code: row, programKey }: CodeInProgram): CodeView {
  const { id, code, partnerId, active, maxUses, uses, expiresAt, stripePromotionCodeId, createdAt } = row;
  return {
    ...{ id, code, programKey, partnerId, active, maxUses, uses },
    expiresAt: expiresAt?.toISOString() ?? null,
    stripePromotionCodeId,
    createdAt: createdAt.toISOString(),
  };
}
