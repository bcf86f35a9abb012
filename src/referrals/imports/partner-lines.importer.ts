import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PartnersService } from '../../partners/partners.service.js';
import { ImportReferences, type KnownPartner } from './import-references.repository.js';
import { PartnerLine } from './import-line.dto.js';
import { differs, planned, required, type ImportTerms, type LineImporter, type LinePlan } from './line-importer.js';

/** Partners, by the company's id of them; where a file has none, the address stands for it. */
@Injectable()
export class PartnerLines implements LineImporter<PartnerLine> {
  readonly type = PartnerLine;

  constructor(
    private readonly references: ImportReferences,
    private readonly partners: PartnersService,
  ) {}

  keyOf({ externalId, email }: PartnerLine): string {
    return externalId ?? email?.toLowerCase() ?? '';
  }

  async plan(lines: readonly PartnerLine[], { workspaceId, ...terms }: ImportTerms, tx: EntityManager) {
    const named = lines.map(({ externalId, email }) => ({ partner: externalId, partnerEmail: email }));
    const known = await this.references.of(named, { workspaceId, ...terms }, tx);
    return lines.map((line) =>
      planned((): LinePlan => {
        const externalId = required(line.externalId ?? line.email?.toLowerCase(), 'externalId', 'fill it, or email');
        const { email } = line;
        const name = line.name ?? fullName(line);
        const found = known.findPartner({ partner: line.externalId, partnerEmail: email });
        if (found !== null) return sameAs(found, { email, name });
        const make = () => this.partners.create(workspaceId, { externalId, email, name }, tx);
        return { outcome: 'created', says: `makes the partner`, make };
      }),
    );
  }
}

function fullName({ firstName, lastName }: PartnerLine): string | undefined {
  const parts = [firstName, lastName].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' ');
}

function sameAs(found: KnownPartner, { email, name }: { email?: string; name?: string }): LinePlan {
  const remedy = `change it with PATCH /v1/partners/${found.id}, or correct the line`;
  if (email !== undefined && email.toLowerCase() !== found.email?.toLowerCase()) {
    throw differs('email', 'partner_differs', `partner ${found.id} has another e-mail address, or none: ${remedy}`);
  }
  if (name !== undefined && name !== found.name) {
    throw differs('name', 'partner_differs', `partner ${found.id} has another name, or none: ${remedy}`);
  }
  return { outcome: 'unchanged', says: `is partner ${found.id}` };
}
