import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { DomainError, invalidField } from '../../common/errors.js';

/** Longer than any line that is meant; a quote that is never closed ends here. */
const LINE_CHARS_MAX = 16_384;
const DELIMITERS = [',', ';', '\t'] as const;
const BYTE_ORDER_MARK = /^\uFEFF/;

/** One line below the first; `number` is that of its last line in the file. */
export interface CsvLine {
  number: number;
  cells: string[];
}

/**
 * The lines of a CSV file as they come, the first being the names of the columns; empty ones are left out. Separated by
 * comma, semicolon or tab, whichever the first line has most of. Errors: `malformed_csv` with the number of the line.
 */
export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<CsvLine> {
  const { start, rest } = await firstLineOf(bytes);
  const delimiter = delimiterOf(start.toString('utf8').split(/[\r\n]/, 1)[0] ?? '');
  const parser = parse({
    ...{ delimiter, info: true, bom: true, trim: true, relax_column_count: true, skip_empty_lines: true },
    max_record_size: LINE_CHARS_MAX,
  });
  const source = Readable.from(joined(start, rest), { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { info, record } of source.pipe(parser) as AsyncIterable<ParsedRecord>) {
      yield { number: info.lines, cells: record };
    }
  } catch (error) {
    throw error instanceof CsvError ? malformed(error) : error;
  } finally {
    source.destroy();
  }
}

interface ParsedRecord {
  info: { lines: number };
  record: string[];
}

async function firstLineOf(bytes: AsyncIterable<Buffer>): Promise<{ start: Buffer; rest: AsyncIterator<Buffer> }> {
  const rest = bytes[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < LINE_CHARS_MAX && !/[\r\n]/.test(start.toString('latin1'))) {
    const next = await rest.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  return { start, rest };
}

async function* joined(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function delimiterOf(line: string): string {
  const unquoted = line.replace(BYTE_ORDER_MARK, '').replaceAll(/"[^"]*"/g, '');
  const counted = DELIMITERS.map((delimiter) => ({ delimiter, count: unquoted.split(delimiter).length }));
  return counted.reduce((most, one) => (one.count > most.count ? one : most)).delimiter;
}

function malformed(error: CsvError): DomainError {
  const line = typeof error.lines === 'number' ? ` near line ${error.lines}` : '';
  const says = `the file cannot be read as CSV${line}: a quote is opened and not closed, or stands within a cell; write "" for it`;
  return invalidField('file', 'malformed_csv', says);
}
