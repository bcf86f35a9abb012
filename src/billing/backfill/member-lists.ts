import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { atMost } from '../../common/at-most.js';
import { BulkWriter, type Differences } from '../mirror/bulk-writer.js';
import { childOf, embeddedStates, RANK_FETCHED, snapshotKey, type Snapshot } from '../mirror/snapshot.js';
import { StripeFetcher } from '../mirror/stripe-fetcher.js';
import type { EmbeddedRule } from '../objects/object-type.js';
import { isTruncatedList } from '../objects/shapes.js';
import { Gate } from './gate.js';
import type { Meter } from './list-walk.js';
import type { Piece } from './piece.js';
import { isMissingObject, listFailureOf } from './refusals.js';

const AT_ONCE = 8;
/** The connections to the database are everybody's. */
const COMPARING_AT_ONCE = 3;

/** A piece as it will be written. */
export interface WholePiece {
  /** Only what differs from the rows that are held. */
  states: Snapshot[];
  /** Owners with their whole lists in place of those that were cut off. */
  wholes: Snapshot[];
  /** All that Stripe showed with it, inside of other objects or by a list of their own. */
  beside: Snapshot[];
  /** For lists that were cut off. */
  requests: number;
}

interface CutOff {
  owner: Snapshot;
  rule: EmbeddedRule;
}

/** Makes pieces whole: leaves out what is held already, and fetches the lists that Stripe cut off inside of objects. */
@Injectable()
export class MemberLists {
  private readonly comparing = new Gate(COMPARING_AT_ONCE);

  constructor(
    private readonly bulk: BulkWriter,
    private readonly fetcher: StripeFetcher,
  ) {}

  async complete(piece: Piece, db: EntityManager, meter: Meter): Promise<WholePiece> {
    const { listed, expanded } = piece;
    const within = expanded === listed ? [] : expanded.flatMap(embeddedStates);
    const known = await this.differences([...listed, ...within], db);
    const cutOff = listsCutOff(piece, (state) => known.get(snapshotKey(state)) !== 'unchanged');
    const answers = await atMost(AT_ONCE, cutOff, (one) => this.wholeList(one, meter));
    const members = answers.flatMap((answer) => answer.members);
    const differences = new Map([...known, ...(await this.differences(members, db))]);
    const beside = [...within, ...members];
    return {
      ...{ beside, requests: meter.take() },
      states: [...listed, ...beside].filter((state) => differences.get(snapshotKey(state)) !== 'unchanged'),
      wholes: answers.flatMap(({ whole }) => whole),
    };
  }

  private async differences(states: readonly Snapshot[], db: EntityManager): Promise<Differences> {
    return states.length === 0 ? new Map() : this.comparing.within(() => this.bulk.differences(states, db));
  }

  private async wholeList({ owner, rule }: CutOff, meter: Meter): Promise<{ whole: Snapshot[]; members: Snapshot[] }> {
    const path = String(rule.list).replace('{id}', encodeURIComponent(owner.id));
    try {
      const list = await this.fetcher.fetchList({ ...owner, path }, { priority: 'bulk', meter });
      const data = { ...owner.data, [rule.field]: { object: 'list', data: list.objects, has_more: false } };
      const whole: Snapshot = { ...owner, data, stampSeconds: list.stampSeconds };
      const parent = rule.owned ? owner.id : null;
      const members = list.objects.flatMap((member) => childOf(whole, member, { rank: RANK_FETCHED, parent }));
      return { whole: rule.owned ? [whole] : [], members };
    } catch (error) {
      // The object went meanwhile, or its list is not for this key: what was embedded stands.
      if (isMissingObject(error) || listFailureOf(error) === 'refused') return { whole: [], members: [] };
      throw error;
    }
  }
}

/**
 * What was cut off and is not known to be held. An object that is held as it is had its lists fetched when it was written;
 * only those that came on request alone may be new beside an old object.
 */
function listsCutOff({ listed, expanded }: Piece, differs: (state: Snapshot) => boolean): CutOff[] {
  return expanded.flatMap((owner, index) =>
    owner.type.embedded
      .filter((rule) => rule.list !== undefined && isTruncatedList(owner.data[rule.field]))
      .filter((rule) => differs(owner) || !(rule.field in (listed[index]?.data ?? {})))
      .map((rule) => ({ owner, rule })),
  );
}
