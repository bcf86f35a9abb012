import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { bareAddress, isByPerson, landingAddress, type Visit } from './click-rules.js';
import { objectionTo } from '../codes/code-rules.js';
import { CodesService, type CodeInProgram } from '../codes/codes.service.js';
import type { ClickView, CreateClickDto } from './click.dto.js';
import { ReferralProgram } from '../referral-program.entity.js';
import { ReferralTracking } from '../referral-tracking.entity.js';

/** Where a followed link leads; the shape that Nest's `@Redirect()` takes. */
export interface Redirection {
  url: string;
  statusCode: 302;
}

@Injectable()
export class ClicksService {
  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
    private readonly codes: CodesService,
    private readonly clock: Clock,
  ) {}

  /**
   * Notes that somebody came by a code. A code whose uses are used up still counts clicks: whether it brings a customer is
   * decided when one signs up. Errors: `code_not_found`, `code_inactive`, `code_expired`.
   */
  async record(workspaceId: string, dto: CreateClickDto, tx: EntityManager): Promise<ClickView> {
    const found = await this.codes.require(workspaceId, dto.code, tx);
    const now = this.clock.now();
    this.codes.assertOpen(found.code, now);
    const id = await insertClick(found, now, { url: dto.url, referrer: dto.referrer }, tx);
    const { code, programKey } = found;
    return { id, code: code.code, programKey, partnerId: code.partnerId, createdAt: now.toISOString() };
  }

  /**
   * Where the public link of a code of the home workspace leads: only ever to the program's own landing page. A person's
   * click is recorded and its id passed on. Errors: `link_not_found`, the same for every reason, so that guessing tells nothing.
   */
  async follow(text: string, visit: Visit): Promise<Redirection> {
    const { id: workspaceId } = await this.workspaces.ensureHome();
    const found = await this.codes.require(workspaceId, text, this.db.manager).catch(asLinkNotFound);
    const { code } = found;
    const now = this.clock.now();
    const program = await this.db.getRepository(ReferralProgram).findOneBy({ workspaceId, id: code.programId });
    const isOpen = objectionTo({ ...code, maxUses: null }, now) === null;
    if (!isOpen || program === null || program.landingUrl === null) throw linkNotFound();
    const { landingUrl } = program;
    const addresses = { url: landingUrl, referrer: visit.referrer };
    const clickId = isByPerson(visit) ? await insertClick(found, now, addresses, this.db.manager) : null;
    return { url: landingAddress(landingUrl, clickId), statusCode: 302 };
  }
}

async function insertClick(
  { code }: CodeInProgram,
  at: Date,
  { url, referrer }: Pick<CreateClickDto, 'url' | 'referrer'>,
  manager: EntityManager,
): Promise<string> {
  const id = newId('click');
  await manager.getRepository(ReferralTracking).insert({
    workspaceId: code.workspaceId,
    id,
    programId: code.programId,
    partnerId: code.partnerId,
    codeId: code.id,
    clickedAt: at,
    url: bareAddress(url),
    referrer: bareAddress(referrer),
    createdAt: at,
  });
  return id;
}

function asLinkNotFound(error: unknown): never {
  throw error instanceof DomainError && error.kind === 'not_found' ? linkNotFound() : error;
}

function linkNotFound(): DomainError {
  return new DomainError(
    'not_found',
    'link_not_found',
    'this link leads nowhere: its code is unknown or no longer valid',
    {
      field: 'code',
    },
  );
}
