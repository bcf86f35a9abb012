import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { lockFactsToWrite } from '../referral-facts-lock.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import { inOrder } from '../rules/dated.js';
import { TRANSITIONS, type ProgramState } from '../rules/program-lifecycle.js';
import { touchConcerned } from './concerned-customers.js';
import { ProgramStateChange } from './program-state.entity.js';
import type { SetProgramStateDto } from './standing.dto.js';

@Injectable()
export class ProgramStates {
  constructor(
    private readonly db: DataSource,
    private readonly clock: Clock,
  ) {}

  async begin({ workspaceId, id, createdAt }: ReferralProgram, state: ProgramState, tx: EntityManager): Promise<void> {
    const first = { workspaceId, programId: id, seq: 1, state, effectiveAt: createdAt, createdAt };
    await tx.getRepository(ProgramStateChange).insert(first);
  }

  /** Everyone whom it concerns is settled again. Errors: `transition_not_allowed`, `effective_before_last`. */
  async change(program: ReferralProgram, dto: SetProgramStateDto, tx: EntityManager): Promise<void> {
    const { workspaceId, id: programId, key } = program;
    await lockFactsToWrite(workspaceId, tx);
    const last = (await this.of(workspaceId, [programId], tx)).get(programId)?.at(-1);
    if (last === undefined) throw new Error(`program ${programId} has no state`);
    if (!TRANSITIONS[last.state].includes(dto.state)) {
      const may = TRANSITIONS[last.state].join(' or ') || 'nothing else any more';
      const says = `the program ${key} is ${last.state} and can become ${may}, not ${dto.state}`;
      throw new DomainError('conflict', 'transition_not_allowed', says, { field: 'state' });
    }
    const now = this.clock.now();
    const effectiveAt = dto.effectiveAt ?? now;
    if (effectiveAt < last.effectiveAt) {
      const says = `effectiveAt must not be before ${last.effectiveAt.toISOString()}, since when the program is ${last.state}`;
      throw invalidField('effectiveAt', 'effective_before_last', says);
    }
    const change = { workspaceId, programId, seq: last.seq + 1, state: dto.state, effectiveAt, createdAt: now };
    await tx.getRepository(ProgramStateChange).insert(change);
    await touchConcerned(workspaceId, effectiveAt, tx);
  }

  /** Of each of the programs, in the order in which they take effect. */
  async of(
    workspaceId: string,
    programIds: readonly string[],
    manager: EntityManager = this.db.manager,
  ): Promise<Map<string, ProgramStateChange[]>> {
    const where = { workspaceId, programId: In([...programIds]) };
    const changes = inOrder(await manager.getRepository(ProgramStateChange).findBy(where));
    return new Map(programIds.map((id) => [id, changes.filter(({ programId }) => programId === id)]));
  }
}
