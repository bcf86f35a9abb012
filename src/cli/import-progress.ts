import type { Terminal } from './command.js';
import { barOf, clearLine, replaceLine, whole } from './progress-line.js';

const SHOWN_EVERY_MS = 250;

/** Shows how far an import is, on a terminal; says nothing elsewhere. */
export class ImportProgress {
  private bytesRead = 0;
  private shownAtMs: number | null = null;

  /** `size` in bytes, null where nobody knows it. */
  constructor(
    private readonly terminal: Terminal,
    private readonly size: number | null,
  ) {}

  async *reading(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      this.bytesRead += chunk.length;
      yield chunk;
    }
  }

  counts({ created, unchanged, refused }: Record<'created' | 'unchanged' | 'refused', number>, nowMs: number): void {
    if (this.terminal.isTTY !== true) return;
    if (this.shownAtMs !== null && nowMs - this.shownAtMs < SHOWN_EVERY_MS) return;
    this.shownAtMs = nowMs;
    const share = this.size === null || this.size === 0 ? null : this.bytesRead / this.size;
    const counted = `${whole(created)} brought in, ${whole(unchanged)} there already, ${whole(refused)} refused`;
    replaceLine(`${barOf(share)}  ${counted}`, this.terminal);
  }

  /** Something that stays, above the line. */
  aside(text: string, to: Terminal): void {
    this.end();
    to.write(text);
  }

  /** Leaves the place to what comes next. */
  end(): void {
    if (this.shownAtMs !== null) clearLine(this.terminal);
    this.shownAtMs = null;
  }
}
