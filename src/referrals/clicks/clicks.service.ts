import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { CodeGuesses } from '../codes/code-guesses.service.js';
import { objectionTo } from '../codes/code-rules.js';
import type { CodeInProgram } from '../codes/code-views.service.js';
import { CodesService } from '../codes/codes.service.js';
import { ReferralProgram } from '../referral-program.entity.js';
import { ReferralTracking } from '../referral-tracking.entity.js';
import { CLICK_PREFIX } from '../referral-views.js';
import { bareAddress, queryOf, utmOf, visitorOf, type Visitor } from './click-rules.js';
import type { ClickView, CreateClickDto } from './click.dto.js';
import { destinationOf, landingAddress } from './link-rules.js';
import { VisitorHashesService } from './visitor-hashes.service.js';

/** Where a followed link leads; the shape that Nest's `@Redirect()` takes. */
export interface Redirection {
  url: string;
  statusCode: 302;
}

/** How a public link was followed, as the request tells it. */
export interface Visit {
  method: string;
  ip: string;
  /** Of the link itself: `to`, `consent` and the campaign. */
  query: URLSearchParams;
  userAgent?: string;
  purpose?: string;
  referrer?: string;
  /** `Sec-GPC: 1`: the browser says no to being recognised. */
  optsOut: boolean;
}

type Click = ReferralTracking & { visitor: Visitor };
type ClickFacts = Pick<CreateClickDto, 'url' | 'referrer' | 'ip' | 'userAgent' | 'consent'> & {
  purpose?: string;
  query: URLSearchParams;
};

@Injectable()
export class ClicksService {
  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
    private readonly codes: CodesService,
    private readonly guesses: CodeGuesses,
    private readonly hashes: VisitorHashesService,
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
    const { id, visitor } = await this.insert(found, now, { ...dto, query: queryOf(dto.url) }, tx);
    const { code, programKey } = found;
    return { id, code: code.code, programKey, partnerId: code.partnerId, visitor, createdAt: now.toISOString() };
  }

  /**
   * Where the public link of a code of the home workspace leads: only ever to the origin of the program's own landing page.
   * The click is recorded and its id passed on, except to bots, whose previews would spread it. Errors: `link_not_found`, the
   * same for every code that brings nobody, so that guessing tells nothing, and with its own words for a program without a
   * landing page; `rate_limited` after too many unknown codes.
   */
  async follow(text: string, visit: Visit): Promise<Redirection> {
    const { id: workspaceId } = await this.workspaces.ensureHome();
    const look = () => this.codes.find(workspaceId, text, this.db.manager);
    const found = await this.guesses.limited({ address: visit.ip }, look);
    if (found === null) throw linkNotFound();
    const { code } = found;
    const now = this.clock.now();
    const program = await this.db.getRepository(ReferralProgram).findOneBy({ workspaceId, id: code.programId });
    const isOpen = objectionTo({ ...code, maxUses: null }, now) === null;
    if (!isOpen || program === null) throw linkNotFound();
    if (program.landingUrl === null) throw withoutLandingUrl(program.key);
    const url = destinationOf(program.landingUrl, visit.query.get('to') ?? undefined);
    const clickId = visit.method === 'GET' ? await this.clickOf(found, now, { ...visit, url }) : null;
    return { url: landingAddress(url, { clickId, utm: utmOf(visit.query) }), statusCode: 302 };
  }

  /** The id to pass on. */
  private async clickOf(found: CodeInProgram, at: Date, visit: Visit & { url: string }): Promise<string | null> {
    const consent = visit.optsOut ? false : consentOf(visit.query.get('consent'));
    const { id, visitor } = await this.insert(found, at, { ...visit, consent }, this.db.manager);
    return visitor === 'bot' ? null : id;
  }

  private async insert(
    { code }: CodeInProgram,
    at: Date,
    { url, referrer, consent = null, query, ...agent }: ClickFacts,
    manager: EntityManager,
  ): Promise<Click> {
    const { workspaceId, id: codeId, programId, partnerId } = code;
    const known = { ip: agent.ip, userAgent: agent.userAgent };
    const hashes = await this.hashes.of(workspaceId, consent === false ? {} : known, at, manager);
    const click: Click = {
      ...{ workspaceId, id: newId(CLICK_PREFIX), programId, partnerId, codeId, clickId: null, clickedAt: at },
      ...{ url: bareAddress(url), referrer: bareAddress(referrer), utm: utmOf(query) },
      ...{
        visitor: visitorOf({ userAgent: agent.userAgent ?? undefined, purpose: agent.purpose }),
        consent,
        ...hashes,
      },
      ...{ customerId: null, signedUpAt: null, convertedAt: null, createdAt: at },
    };
    await manager.getRepository(ReferralTracking).insert(click);
    return click;
  }
}

/** What a link says of consent; null when it says nothing. */
function consentOf(text: string | null): boolean | null {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : null;
}

function linkNotFound(): DomainError {
  const says = 'this link leads nowhere: its code is unknown or no longer valid';
  return new DomainError('not_found', 'link_not_found', says, { field: 'code' });
}

function withoutLandingUrl(key: string): DomainError {
  const says = `the program ${key} has no landingUrl, so that its links lead nowhere; set it with PATCH /v1/programs/${key}`;
  return new DomainError('not_found', 'link_not_found', says, { field: 'code' });
}
