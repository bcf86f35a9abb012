export interface TextColumn {
  name: string;
  /** Numbers stand right, so that their digits stand below each other. */
  alignsRight: boolean;
}

/** Columns below each other, a rule under the names; every row has one text per column. Pure. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ name }, index) =>
    rows.reduce((width, row) => Math.max(width, lengthOf(row[index] ?? '')), lengthOf(name)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ alignsRight }, index) => {
        const cell = cells[index] ?? '';
        const gap = ' '.repeat((widths[index] ?? 0) - lengthOf(cell));
        return alignsRight ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ name }) => name)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rows.map((row) => line(row)),
  ];
}

/** In characters as people count them, not in UTF-16 units. */
const lengthOf = (text: string): number => [...text].length;
