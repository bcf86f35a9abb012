import type { FormValue } from '../../http/form-body.js';
import { bool, clearable, int, list, metadata, opaque, range, required, text, type Param } from '../../http/params.js';

/** A word of a row's `filters`, `create` or `update`, read. */
export interface Word {
  name: string;
  param: Param<unknown>;
  /** A filter by a range of time. */
  ranged: boolean;
}

/** Whole numbers and truth values inside what is kept as it was sent, as far as texts can tell. */
function plain(value: FormValue): unknown {
  if (typeof value === 'string') return value;
  const keys = Object.keys(value);
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) return Object.values(value).map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, scalar(part)]));
}

function scalar(part: FormValue): unknown {
  if (typeof part !== 'string') return plain(part);
  if (part === 'true' || part === 'false') return part === 'true';
  return /^(0|-?[1-9]\d{0,14})$/.test(part) ? Number(part) : part;
}

const kept: Param<unknown> = { read: (value, path) => plain(opaque.read(value, path)) };

function paramOf(name: string, type: string): Param<unknown> {
  if (name === 'metadata') return metadata;
  if (type === ':int') return int;
  if (type === ':bool') return bool;
  if (type === '[]') return list(text);
  return type === '{}' ? kept : text;
}

/** Reads `name`, `name!`, `name:int`, `name{}!`, …; see `StoredType`. */
export function wordsOf(sentence: string | undefined, use: 'filter' | 'write'): Word[] {
  return (sentence ?? '')
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const [, name = '', type = '', end = ''] = /^([a-z0-9_]+)(:int|:bool|\[\]|\{\})?([!~]?)$/.exec(word) ?? [];
      if (name === '') throw new Error(`'${word}' is no word of the table of stored types.`);
      const ranged = use === 'filter' && (end === '~' || name === 'created');
      const inner = ranged ? range : paramOf(name, type);
      const param = use === 'write' && name !== 'metadata' ? clearable(inner) : inner;
      return { name, ranged, param: end === '!' ? required(param) : param };
    });
}

export const shapeOf = (words: readonly Word[]): Record<string, Param<unknown>> =>
  Object.fromEntries(words.map(({ name, param }) => [name, param]));
