import { textTable } from '../../src/cli/text-table.js';
import type { TextColumn } from '../../src/cli/text-table.js';

const LABEL_CHARS = 13;
const STYLES = { bold: [1, 22], dim: [2, 22], green: [32, 39], red: [31, 39], cyan: [36, 39] } as const;
type Style = keyof typeof STYLES;

/** What the watcher reads: chapters, facts with their figures, and where to look each of them up. */
export class Page {
  private chapters = 0;

  constructor(
    private readonly out: { write(text: string): unknown },
    private readonly inColour: boolean,
  ) {}

  title(text: string): void {
    this.line(`\n${this.styled('bold', text)}`);
  }

  chapter(text: string): void {
    this.chapters += 1;
    this.line(`\n${this.styled('bold', `${String(this.chapters).padStart(2)}  ${text}`)}`);
  }

  /** A figure or fact under a short label; an empty label continues the one before. */
  fact(label: string, text: string): void {
    this.line(`    ${label.padEnd(LABEL_CHARS)} ${text}`);
  }

  /** Where to see it: an address of the service, or a line for the shell. */
  look(where: string): void {
    this.line(`    ${' '.repeat(LABEL_CHARS)} ${this.styled('cyan', where)}`);
  }

  note(text: string): void {
    this.line(this.styled('dim', text));
  }

  good(text: string): void {
    this.line(this.styled('green', text));
  }

  bad(text: string): void {
    this.line(this.styled('red', text));
  }

  table(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): void {
    for (const line of textTable(columns, rows)) this.line(`    ${line}`);
  }

  private line(text: string): void {
    this.out.write(`${text}\n`);
  }

  private styled(style: Style, text: string): string {
    const [on, off] = STYLES[style];
    return this.inColour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
