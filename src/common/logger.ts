import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Level, type Logger as Pino, pino, stdTimeFunctions } from 'pino';

import { formatLogLine } from './log-text.js';
import { redactText, redactValue } from './redaction.js';
import { currentRequest } from './request-context.js';

const RESERVED = new Set(['level', 'time', 'msg', 'context', 'requestId', 'err', 'stack']);

/** Nest tells of every module and route it meets; that is of interest only when one is missing. */
const NEST_START_UP = new Set<unknown>([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
]);

export interface LoggerOptions {
  level: Level;
  /** `auto`: text on a terminal, else JSON. */
  format: 'auto' | 'json' | 'text';
  /** Standard output when left out. */
  destination?: DestinationStream;
}

/**
 * The service's log, for Nest and through Nest's `Logger` for everything else. One line per entry, with the id of the
 * request being served; written synchronously, so that the last line before an exit is there; redacted, so that no
 * secret and no personal data gets in, whoever logs what.
 */
export class StructuredLogger implements LoggerService {
  private readonly pino: Pino;

  constructor({ level, format, destination = pino.destination({ dest: 1, sync: true }) }: LoggerOptions) {
    const text = format === 'text' || (format === 'auto' && process.stdout.isTTY);
    const options = {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      // Errors are plain by then.
      serializers: { err: (error: unknown) => error },
      formatters: { level: (label: string) => ({ level: label }) },
    };
    this.pino = pino(options, text ? { write: (line) => destination.write(formatLogLine(line)) } : destination);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(NEST_START_UP.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: Level, message: unknown, rest: unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const request = currentRequest();
    const entry = { ...request?.facts, ...(request && { requestId: request.requestId }), ...fieldsOf(message, rest) };
    this.pino[level](redactValue(entry), messageOf(message));
  }
}

/** Nest's calls end with the context's name; an error's stack may come before it. Objects become fields of the entry. */
function fieldsOf(message: unknown, rest: unknown[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const context = rest.at(-1);
  const hasContext = typeof context === 'string' && !isStack(context);
  if (hasContext) fields.context = context;
  for (const item of [message, ...(hasContext ? rest.slice(0, -1) : rest)]) {
    if (item instanceof Error) fields.err = item;
    else if (typeof item === 'object' && item !== null) Object.assign(fields, withoutReserved(item));
    else if (typeof item === 'string' && item !== message) fields[isStack(item) ? 'stack' : 'detail'] = item;
  }
  return fields;
}

/** A field must not take the place of what every line has. */
function withoutReserved(item: object): Record<string, unknown> {
  const others = Object.entries(item).filter(([name, value]) => name !== 'message' || typeof value !== 'string');
  const renamed = others.map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value] as const);
  return Object.fromEntries(renamed);
}

function messageOf(message: unknown): string {
  if (message instanceof Error) return redactText(message.message);
  const text = typeof message === 'object' ? sentenceIn(message) : message;
  return text === undefined ? '' : redactText(String(text));
}

/** Of `logger.error({ message, error })` the sentence; the rest are fields of the entry. */
function sentenceIn(entry: object | null): string | undefined {
  const { message } = (entry ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : undefined;
}

function isStack(text: string): boolean {
  return /\n\s+at /.test(text);
}
