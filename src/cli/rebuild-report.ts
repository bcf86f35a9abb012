import type { Compared, DifferingField, Finding } from '../rebuild/comparing.js';
import type { RebuildResult } from '../rebuild/rebuild.js';
import { textTable } from './text-table.js';

const FINDINGS_SHOWN = 20;
const COLUMNS = ['', 'agree', 'differ', 'missing', 'extra'] as const;

/** The result of a rebuild in words: the counts, the first findings, and what came of it. */
export function rebuildReport({ compared, findings, stuck, waiting, agrees }: RebuildResult): string {
  const rows = compared.map(({ subject, agree, differ, missing, extra }) => [
    subject,
    ...[agree, differ, missing, extra].map(String),
  ]);
  const columns = COLUMNS.map((name, index) => ({ name, alignsRight: index > 0 }));
  const failed = stuck.slice(0, FINDINGS_SHOWN).map(({ what, error }) => `${what} could not be worked out: ${error}`);
  const lines = [...textTable(columns, rows), '', ...findings.slice(0, FINDINGS_SHOWN).map(sentenceOf), ...failed];
  return `${[...lines, ...more(compared, stuck.length), ...notes(waiting), verdict(agrees)].join('\n')}\n`;
}

function sentenceOf({ subject, what, of, fields, trace }: Finding): string {
  const name = `${NAMES[subject]} of ${Object.entries(of)
    .map(([key, id]) => `${WORDS[key] ?? key} ${id}`)
    .join(', ')}`;
  const known = Object.entries(trace);
  const traced = known.length === 0 ? '' : ` (${known.map(([key, id]) => `${WORDS[key] ?? key} ${id}`).join(', ')})`;
  const side = what === 'missing' ? 'recomputed' : 'stands';
  const said = fields.map((field) => `${field.field} ${text(field[side])}`).join(', ');
  const how = {
    differs: `differs: ${fields.map(differenceOf).join('; ')}`,
    missing: `is missing; the recomputation says ${said}`,
    extra: `stands, and the recomputation has none; it says ${said}`,
  }[what];
  return `${name}${traced} ${how}`;
}

const differenceOf = ({ field, stands, recomputed }: DifferingField): string =>
  `${field} is ${text(stands)}, the recomputation says ${text(recomputed)}`;

const text = (value: unknown): string => (value === null ? 'nothing' : String(value));

const NAMES: Record<Finding['subject'], string> = {
  attributions: 'attribution',
  commissions: 'commission',
  superseded: 'posting without a commission in force,',
};

const WORDS: Record<string, string> = {
  workspaceId: 'workspace',
  programId: 'program',
  customerId: 'customer',
  partnerId: 'partner',
  sourceId: 'sale',
  commissionId: 'commission',
  saleId: 'sale id',
  eventId: 'event',
};

function more(compared: readonly Compared[], stuck: number): string[] {
  const found = compared.reduce((sum, { differ, missing, extra }) => sum + differ + missing + extra, 0);
  const left = Math.max(0, found - FINDINGS_SHOWN) + Math.max(0, stuck - FINDINGS_SHOWN);
  return left === 0 ? [] : [`… and ${left} more; --json tells them all.`];
}

function notes({ events, keys }: RebuildResult['waiting']): string[] {
  if (events + keys === 0) return [];
  return [
    `The service had ${events} events and ${keys} keys still to work on: what they change is told as a difference.`,
  ];
}

const verdict = (agrees: boolean): string =>
  agrees ? 'What stands is what the facts say.' : 'What stands and what the facts say differ.';
