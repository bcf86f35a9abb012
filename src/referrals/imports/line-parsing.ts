import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { DomainError, invalidField } from '../../common/errors.js';
import { firstFault } from '../../common/request.pipe.js';
import type { ColumnMapping } from './column-mapping.js';
import type { CsvLine } from './csv-lines.js';

/** What stands for a byte that is no UTF-8. */
const NO_CHARACTER = '\uFFFD';

/** The line as its class has it, validated. An empty cell is left out. Errors: `wrong_cells`, `not_utf8`, those of the fields. */
export function parsedLine<Line extends object>(
  { cells }: CsvLine,
  { columns, width }: ColumnMapping,
  type: new () => Line,
): Line {
  if (cells.length !== width) {
    const says = `the line has ${cells.length} cells and the first line ${width}; put quotes around text that holds a separator`;
    throw invalidField('', 'wrong_cells', says);
  }
  const filled = columns.flatMap(({ field, at }) => {
    const text = cells[at] ?? '';
    return text === '' ? [] : [[camelCase(field), text] as const];
  });
  const unreadable = filled.find(([, text]) => text.includes(NO_CHARACTER));
  if (unreadable !== undefined) {
    throw invalidField(unreadable[0], 'not_utf8', 'the text is not UTF-8; save the file as CSV in UTF-8');
  }
  const line = plainToInstance(type, Object.fromEntries(filled));
  const faults = validateSync(line, { stopAtFirstError: true, validationError: { target: false, value: true } });
  if (faults.length > 0) throw firstFault(faults);
  return line;
}

/** The column that an error is about, as the file names it; the field's own name where the file has no such column. */
export function columnOf({ field }: DomainError, { columns }: ColumnMapping): string | null {
  const at = columns.find((column) => camelCase(column.field) === field);
  return at?.column ?? null;
}

function camelCase(field: string): string {
  return field.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
