import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { codeKeyOf } from '../codes/code-rules.js';
import { CodesService } from '../codes/codes.service.js';
import { ReferralCodeName } from '../codes/referral-code-name.entity.js';
import { ReferralCode } from '../referral-code.entity.js';
import { ImportReferences } from './import-references.repository.js';
import { CodeLine } from './import-line.dto.js';
import { differs, planned, type ImportTerms, type LineImporter, type LinePlan } from './line-importer.js';

/** Codes, which are links too, by their text. */
@Injectable()
export class CodeLines implements LineImporter<CodeLine> {
  readonly type = CodeLine;

  constructor(
    private readonly references: ImportReferences,
    private readonly codes: CodesService,
  ) {}

  keyOf({ code }: CodeLine): string {
    return codeKeyOf(code);
  }

  async plan(lines: readonly CodeLine[], terms: ImportTerms, tx: EntityManager) {
    const { workspaceId } = terms;
    const known = await this.references.of(lines, terms, tx);
    const held = await codesOf(
      workspaceId,
      lines.map(({ code }) => code),
      tx,
    );
    return lines.map((line) =>
      planned((): LinePlan => {
        const program = known.program(line);
        const partner = known.partner(line);
        const found = held.get(codeKeyOf(line.code));
        if (found === undefined) {
          const dto = { programKey: program.key, partnerId: partner.id, code: line.code };
          const make = () => this.codes.create(workspaceId, dto, tx);
          return { outcome: 'created', says: `makes the code ${line.code} of partner ${partner.id}`, make };
        }
        if (found.programId === program.id && found.partnerId === partner.id) {
          return { outcome: 'unchanged', says: `the code ${line.code} is partner ${partner.id}'s` };
        }
        const says = `the code ${line.code} is taken by another partner or program; codes are compared without regard to case`;
        throw differs('code', 'code_taken', says);
      }),
    );
  }
}

/** By every text that leads to them, as codes are compared. */
export async function codesOf(
  workspaceId: string,
  texts: readonly string[],
  tx: EntityManager,
): Promise<Map<string, ReferralCode>> {
  const codeKey = In([...new Set(texts.map(codeKeyOf))]);
  const names = await tx.getRepository(ReferralCodeName).findBy({ workspaceId, codeKey });
  const codes = await tx
    .getRepository(ReferralCode)
    .findBy({ workspaceId, id: In([...new Set(names.map(({ codeId }) => codeId))]) });
  const byId = new Map(codes.map((code) => [code.id, code]));
  return new Map(
    names.flatMap((name) => {
      const code = byId.get(name.codeId);
      return code === undefined ? [] : [[name.codeKey, code] as const];
    }),
  );
}
