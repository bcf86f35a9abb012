import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { ReferralCode } from '../referral-code.entity.js';
import { codeKeyOf } from './code-rules.js';
import { ReferralCodeName } from './referral-code-name.entity.js';

type Named = Pick<ReferralCode, 'workspaceId' | 'id' | 'code' | 'codeKey'>;

/** The texts that lead to codes. The table's key decides who has one, whoever else asks for it at the same moment. */
@Injectable()
export class CodeNames {
  /** Whether the text is the code's from now on; false when it leads to another, without spoiling the transaction. */
  async claim({ workspaceId, id }: Pick<Named, 'workspaceId' | 'id'>, text: string, at: Date, tx: EntityManager) {
    const name: ReferralCodeName = { workspaceId, codeKey: codeKeyOf(text), codeId: id, code: text, givenAt: at };
    await tx.createQueryBuilder().insert().into(ReferralCodeName).values(name).orIgnore().execute();
    const holder = { workspaceId, codeKey: name.codeKey };
    const { codeId } = await tx.getRepository(ReferralCodeName).findOneByOrFail(holder);
    return codeId === id;
  }

  /** The earlier texts of the codes, oldest first, as they were written. */
  async formerOf(codes: readonly Named[], manager: EntityManager): Promise<Map<string, string[]>> {
    const [first] = codes;
    if (first === undefined) return new Map();
    const current = new Set(codes.map(({ codeKey }) => codeKey));
    const where = { workspaceId: first.workspaceId, codeId: In(codes.map(({ id }) => id)) };
    const order = { givenAt: 'ASC', codeKey: 'ASC' } as const;
    const names = await manager.getRepository(ReferralCodeName).find({ where, order });
    const former = names.filter(({ codeKey }) => !current.has(codeKey));
    return new Map(
      codes.map(({ id }) => [id, former.filter(({ codeId }) => codeId === id).map(({ code }) => code)] as const),
    );
  }
}
