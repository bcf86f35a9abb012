const LEVEL_WIDTH = 5;

interface LogLine extends Record<string, unknown> {
  level: string;
  time: string;
  msg?: string;
  context?: string;
}

/** A JSON log line as one line for people: `12:15:27.123 INFO  [Context] message key=value`; a stack follows below it. */
export function formatLogLine(json: string): string {
  const { level, time, msg, context, stack, err, ...fields } = JSON.parse(json) as LogLine;
  const error = err as { stack?: string; message?: string } | undefined;
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`);
  const head = [
    time.slice(11, 23),
    level.toUpperCase().padEnd(LEVEL_WIDTH),
    context && `[${context}]`,
    msg,
    ...pairs,
    error?.message && error.message !== msg && `error=${shown(error.message)}`,
  ];
  const below = (stack as string | undefined) ?? error?.stack;
  return `${head.filter(Boolean).join(' ')}\n${below ? `${below.replace(/^(?! {4})/gm, '    ')}\n` : ''}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}
