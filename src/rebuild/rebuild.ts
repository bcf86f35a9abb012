import type { Type } from '@nestjs/common';
import type { Client } from 'pg';
import { SettleWorker } from '../settling/settle.worker.js';
import { InboxWorker } from '../webhooks/inbox.worker.js';
import { compare, standingTable, type Compared, type Finding } from './comparing.js';
import { copyFacts, copyRows, type OnRows } from './copying.js';
import { recompute, type Stuck } from './recomputing.js';
import { connect, type ScratchDatabase } from './scratch-database.js';
import { FOUND_BY_SALE, SUBJECTS, WAITING } from './subjects.js';

export type Stage = 'rows copied' | 'events applied' | 'keys settled' | 'comparing';

/** The service upon the scratch database, with no worker running and nobody to reach. */
export interface ScratchHouse {
  get<T>(token: Type<T>): T;
  close(): Promise<void>;
}

export interface RebuildOrder {
  /** The service's database; it is only read. */
  sourceUrl: string;
  scratch: ScratchDatabase;
  /** Makes the schema there, has it filled, and opens the service upon it. */
  openHouse(url: string, fill: () => Promise<void>): Promise<ScratchHouse>;
  /** So much more is done; throws when the work is to end. */
  onDone(stage: Stage, count: number): void;
}

export interface RebuildResult {
  agrees: boolean;
  compared: Compared[];
  findings: Finding[];
  /** What the recomputation gave up on; its share is missing in the comparison. */
  stuck: Stuck[];
  /** What the service had still to do when it was looked at: it may be told as a difference. */
  waiting: { events: number; keys: number };
}

/**
 * Works out all attributions and commissions anew, in the scratch database, from the retained events and what is recorded,
 * and holds them against those that stand. What stands is that of one instant. Removing the scratch database is the caller's.
 */
export async function rebuild({ sourceUrl, scratch, openHouse, onDone }: RebuildOrder): Promise<RebuildResult> {
  const target = await connect(scratch.url);
  try {
    let waiting: RebuildResult['waiting'] = { events: 0, keys: 0 };
    const house = await openHouse(scratch.url, async () => {
      waiting = await fill(sourceUrl, target, (rows) => onDone('rows copied', rows));
    });
    try {
      const [inbox, settle] = [house.get(InboxWorker), house.get(SettleWorker)];
      const stuck = await recompute(target, { inbox, settle, onDone });
      onDone('comparing', 0);
      const { compared, findings } = await compare(target);
      return { agrees: findings.length + stuck.length === 0, compared, findings, stuck, waiting };
    } finally {
      await house.close();
    }
  } finally {
    await target.end();
  }
}

/** Copies the facts and what stands, as they are at one instant. Answers what waited then. */
async function fill(sourceUrl: string, target: Client, onRows: OnRows): Promise<RebuildResult['waiting']> {
  const source = await connect(sourceUrl);
  try {
    await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await copyFacts(source, target, onRows);
    await target.query(STANDING_TABLES);
    for (const { name, query } of SUBJECTS)
      await copyRows(query, { table: standingTable(name), columns: STANDING_COLUMNS }, [source, target], onRows);
    await copyRows(FOUND_BY_SALE, { table: 'rebuild.found', columns: FOUND_COLUMNS }, [source, target], onRows);
    const { rows } = await source.query<RebuildResult['waiting']>(WAITING);
    return rows[0] as (typeof rows)[number];
  } finally {
    await source.end();
  }
}

const STANDING_COLUMNS = ['key', 'said', 'trace', 'frozen_minor'];
const FOUND_COLUMNS = [
  ...['workspace_id', 'sale_id', 'program_id', 'partner_id', 'rule'],
  ...['check', 'evidence', 'holds', 'found_at'],
];

const STANDING_TABLES = [
  'CREATE SCHEMA rebuild',
  ...SUBJECTS.map(
    ({ name }) =>
      `CREATE TABLE ${standingTable(name)} (key jsonb NOT NULL, said jsonb NOT NULL, trace jsonb NOT NULL, frozen_minor bigint NOT NULL)`,
  ),
  `CREATE TABLE rebuild.found (
     workspace_id text NOT NULL, sale_id text NOT NULL, program_id text NOT NULL, partner_id text NOT NULL, rule text NOT NULL,
     "check" text NOT NULL, evidence jsonb NOT NULL, holds boolean NOT NULL, found_at timestamptz NOT NULL)`,
].join(';\n');
