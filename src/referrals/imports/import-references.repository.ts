import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DomainError, invalidField } from '../../common/errors.js';
import { ReferralProgram } from '../referral-program.entity.js';
import type { OfPartnerLine } from './import-line.dto.js';
import { required, type ImportTerms } from './line-importer.js';

export interface KnownPartner {
  id: string;
  externalId: string;
  email: string | null;
  name: string | null;
}

/** Answers whom and what the lines of a batch name. */
export interface References {
  /** Errors: `missing_field`, `partner_not_found`, `partner_ambiguous`. */
  partner(line: Pick<OfPartnerLine, 'partner' | 'partnerEmail'>): KnownPartner;
  /** Null when nobody has the id or, without an id, the address. Errors: `partner_ambiguous`. */
  findPartner(line: Pick<OfPartnerLine, 'partner' | 'partnerEmail'>): KnownPartner | null;
  /** Errors: `missing_field`, `program_not_found`. */
  program(line: Pick<OfPartnerLine, 'program'>): ReferralProgram;
}

type Naming = Pick<OfPartnerLine, 'partner' | 'partnerEmail' | 'program'>;

/** Looks up what lines refer to, a batch at a time. */
@Injectable()
export class ImportReferences {
  async of(lines: readonly Naming[], terms: ImportTerms, tx: EntityManager): Promise<References> {
    const partners = await partnersOf(lines, terms.workspaceId, tx);
    const programs = await programsOf(lines, terms, tx);
    const findPartner: References['findPartner'] = (line) => onlyOne(line, partners);
    return {
      findPartner,
      partner: (line) => {
        if (line.partnerEmail === undefined) required(line.partner, 'partner', 'fill it, or partner_email');
        const found = findPartner(line);
        if (found !== null) return found;
        const field = line.partner === undefined ? 'partnerEmail' : 'partner';
        const says = `no partner has this ${line.partner === undefined ? 'e-mail address' : 'id'}; import the partners first`;
        throw new DomainError('not_found', 'partner_not_found', says, { field });
      },
      program: (line) => {
        const key = required(
          line.program ?? terms.program,
          'program',
          'fill the column, or give program for the whole file',
        );
        const found = programs.get(key);
        if (found !== undefined) return found;
        const says = `program ${key} does not exist; make it with POST /v1/programs`;
        throw new DomainError('not_found', 'program_not_found', says, { field: 'program' });
      },
    };
  }
}

interface PartnersByName {
  byId: ReadonlyMap<string, KnownPartner>;
  byEmail: ReadonlyMap<string, readonly KnownPartner[]>;
}

async function partnersOf(lines: readonly Naming[], workspaceId: string, tx: EntityManager): Promise<PartnersByName> {
  const ids = [...new Set(lines.flatMap(({ partner }) => partner ?? []))];
  const emails = [...new Set(lines.flatMap(({ partnerEmail }) => partnerEmail?.toLowerCase() ?? []))];
  const rows = await tx.query<KnownPartner[]>(PARTNERS, [workspaceId, ids, emails]);
  // The company's own id of somebody goes before ours of another.
  const names = [...rows.map((row) => [row.id, row] as const), ...rows.map((row) => [row.externalId, row] as const)];
  return { byId: new Map(names), byEmail: grouped(rows) };
}

function grouped(rows: readonly KnownPartner[]): Map<string, KnownPartner[]> {
  const groups = new Map<string, KnownPartner[]>();
  for (const row of rows) {
    const email = row.email?.toLowerCase();
    if (email !== undefined) groups.set(email, [...(groups.get(email) ?? []), row]);
  }
  return groups;
}

// Each by its index.
const PARTNERS = `
  SELECT id, external_id AS "externalId", email, name FROM tributary.partner
   WHERE workspace_id = $1 AND (external_id = ANY($2) OR id = ANY($2))
   UNION
  SELECT id, external_id, email, name FROM tributary.partner
   WHERE workspace_id = $1 AND lower(email) = ANY($3)`;

async function programsOf(
  lines: readonly Naming[],
  { workspaceId, program }: ImportTerms,
  tx: EntityManager,
): Promise<Map<string, ReferralProgram>> {
  const keys = [
    ...new Set([...lines.flatMap((line) => line.program ?? []), ...(program === undefined ? [] : [program])]),
  ];
  if (keys.length === 0) return new Map();
  const programs = await tx.getRepository(ReferralProgram).findBy({ workspaceId, key: In(keys) });
  return new Map(programs.map((found) => [found.key, found]));
}

function onlyOne(
  { partner, partnerEmail }: Pick<Naming, 'partner' | 'partnerEmail'>,
  { byId, byEmail }: PartnersByName,
): KnownPartner | null {
  if (partner !== undefined) return byId.get(partner) ?? null;
  const found = byEmail.get(partnerEmail?.toLowerCase() ?? '') ?? [];
  if (found.length <= 1) return found[0] ?? null;
  const says = `several partners have this e-mail address (${found.map(({ id }) => id).join(', ')}); name the partner by its id`;
  throw invalidField('partnerEmail', 'partner_ambiguous', says);
}
