import type { Terminal } from './command.js';

const BAR_CHARS = 24;
const COLUMNS_USUAL = 120;
const CLEAR = '\r\u001b[2K';

/** `[######..................] 25 %`; null where the whole is not known. */
export function barOf(share: number | null): string {
  const full = Math.round((share ?? 0) * BAR_CHARS);
  const percent = share === null ? ' ?' : String(Math.floor(share * 100)).padStart(2);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CHARS - full)}] ${percent} %`;
}

/** `1,234,567` */
export const whole = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** Puts the line in place of the one before, cut to the terminal's width. */
export function replaceLine(line: string, terminal: Terminal): void {
  const width = (terminal.columns ?? COLUMNS_USUAL) - 1;
  terminal.write(`${CLEAR}${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
}

export function clearLine(terminal: Terminal): void {
  terminal.write(CLEAR);
}
