import { accessSync, constants } from 'node:fs';

import { ConfigError, describeSecret } from './config-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one environment, setting by setting; a value that does not fit throws `ConfigError`. Empty means not set. */
export class EnvReader {
  constructor(private readonly env: Environment) {}

  text(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === '' ? undefined : value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const choice = choices.find((candidate) => candidate === value.toLowerCase());
    if (choice === undefined) throw new ConfigError(name, `one of ${choices.join(', ')}`, quote(value));
    return choice;
  }

  boolean(name: string): boolean | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^(true|1|on|yes)$/i.test(value)) return true;
    if (/^(false|0|off|no)$/i.test(value)) return false;
    throw new ConfigError(name, 'true or false', quote(value));
  }

  integer(name: string, range: { fallback: number; min: number; max: number }): number {
    const value = this.text(name);
    if (value === undefined) return range.fallback;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < range.min || number > range.max) {
      throw new ConfigError(name, `a whole number from ${range.min} to ${range.max}`, quote(value));
    }
    return number;
  }

  /** A value that is a secret, or holds one: it is only ever shown by kind and length. */
  secret(name: string, pattern: RegExp, wants: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !pattern.test(value)) throw new ConfigError(name, wants, describeSecret(value));
    return value;
  }

  list(name: string): string[] {
    const parts = this.text(name)?.split(',') ?? [];
    return parts.map((part) => part.trim()).filter((part) => part !== '');
  }

  /** A URL of one of the `protocols` (`https:`); what is wrong is shown without its credentials. */
  url(name: string, protocols: readonly string[], wants: string): URL | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : null;
    if (!url || !protocols.includes(url.protocol)) throw new ConfigError(name, wants, describeSecret(value));
    return url;
  }

  /** Origins as browsers write them, separated by commas. */
  origins(name: string): string[] {
    return this.list(name).map((text) => {
      const url = URL.canParse(text) ? new URL(text) : null;
      const isOrigin = url !== null && ['http:', 'https:'].includes(url.protocol) && url.origin === text;
      if (isOrigin) return text;
      throw new ConfigError(name, 'origins like https://app.example.com, separated by commas', quote(text));
    });
  }

  readableFile(name: string): string | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    try {
      accessSync(path, constants.R_OK);
    } catch {
      throw new ConfigError(name, 'the path of a readable file', quote(path));
    }
    return path;
  }
}

const SHOWN_CHARS = 60;

export function quote(value: string): string {
  return JSON.stringify(value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}…` : value);
}
