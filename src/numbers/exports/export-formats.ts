import { Transform, type Duplex } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { ExportFormat } from './export-query.dto.js';

/** One row by its columns' names; amounts and counts are numbers, times are dates. */
export type ExportRow = Record<string, string | number | Date | null>;

export const MEDIA_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

/** What turns rows into the bytes of a file, as they come. */
export function writerOf(format: ExportFormat, columns: readonly string[]): Duplex {
  return format === 'csv' ? csvWriter(columns) : ndjsonWriter();
}

/**
 * As RFC 4180 has it, with a heading. A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers
 * stay numbers, negative ones too.
 */
function csvWriter(columns: readonly string[]): Duplex {
  return stringify({
    header: true,
    columns: [...columns],
    record_delimiter: 'windows',
    escape_formulas: true,
    cast: { date: (value) => value.toISOString() },
  });
}

function ndjsonWriter(): Duplex {
  return new Transform({
    writableObjectMode: true,
    transform: (row: ExportRow, _encoding, done) => done(null, `${JSON.stringify(row)}\n`),
  });
}

/** By the query, else by the header; what takes anything gets NDJSON. */
export function formatOf(asked: ExportFormat | undefined, accept: string | undefined): ExportFormat {
  return asked ?? (/\btext\/csv\b/i.test(accept ?? '') ? 'csv' : 'ndjson');
}
