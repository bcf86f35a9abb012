import { CURRENCY_EXPONENTS } from '../../src/common/money.js';
import { invalidRequest, missingParam } from '../core/errors.js';
import type { FormObject, FormValue } from './form-body.js';

/** Reads one parameter off the wire, or refuses it the way Stripe does. */
export interface Param<T> {
  read(value: FormValue, path: string): T;
  required?: boolean;
}
export type RequiredParam<T> = Param<T> & { required: true };
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the empty shape is a shape
export type Shape = { [name: string]: Param<unknown> } | {};
type Read<P> = P extends Param<infer T> ? T : never;
type RequiredNames<S> = { [K in keyof S]: S[K] extends { required: true } ? K : never }[keyof S];
/** What a shape reads: required names are there, others only when they were sent. */
export type Values<S> = { [K in RequiredNames<S>]: Read<S[K]> } & {
  [K in Exclude<keyof S, RequiredNames<S>>]?: Read<S[K]>;
};

const invalid = (path: string, kind: string, value: FormValue): Error =>
  invalidRequest(`Invalid ${kind}: ${typeof value === 'string' ? value : 'hash'}`, {
    param: path,
    code: kind === 'integer' ? 'parameter_invalid_integer' : undefined,
  });

const scalar = (value: FormValue, path: string, kind: string): string => {
  if (typeof value !== 'string') throw invalid(path, kind, value);
  return value;
};

export const text: Param<string> = { read: (value, path) => scalar(value, path, 'string') };

export const int: Param<number> = {
  read(value, path) {
    const digits = scalar(value, path, 'integer');
    if (!/^-?\d+$/.test(digits) || !Number.isSafeInteger(Number(digits))) throw invalid(path, 'integer', value);
    return Number(digits);
  },
};

export const decimal: Param<number> = {
  read(value, path) {
    const digits = scalar(value, path, 'decimal');
    if (!/^-?\d+(\.\d+)?$/.test(digits)) throw invalid(path, 'decimal', value);
    return Number(digits);
  },
};

/** Kept as text: a decimal of Stripe's must not pass through a float. */
export const decimalText: Param<string> = {
  read(value, path) {
    decimal.read(value, path);
    return scalar(value, path, 'decimal');
  },
};

export const bool: Param<boolean> = {
  read(value, path) {
    if (value !== 'true' && value !== 'false') throw invalid(path, 'boolean', value);
    return value === 'true';
  },
};

/** At least 0; Stripe's own wording for amounts that are not. */
export const amount: Param<number> = {
  read(value, path) {
    const number = int.read(value, path);
    if (number < 0) {
      throw invalidRequest('Invalid non-negative integer', { param: path, code: 'parameter_invalid_integer' });
    }
    return number;
  },
};

/** Three letters, lower case on the way in. */
export const currency: Param<string> = {
  read(value, path) {
    const code = scalar(value, path, 'currency').toLowerCase();
    if (!CURRENCY_EXPONENTS.has(code)) {
      throw invalidRequest(`Invalid currency: ${code}.`, { param: path });
    }
    return code;
  },
};

export function oneOf<const T extends string>(...allowed: T[]): Param<T> {
  return {
    read(value, path) {
      const word = allowed.find((candidate) => candidate === value);
      if (word !== undefined) return word;
      const shown = typeof value === 'string' ? value : 'hash';
      throw invalidRequest(`Invalid ${path}: must be one of ${allowed.join(', ')}; got ${shown}`, { param: path });
    },
  };
}

/** An empty text clears the field: the SDK writes `null` so. */
export function clearable<T>(inner: Param<T>): Param<T | null> {
  return { read: (value, path) => (value === '' ? null : inner.read(value, path)) };
}

export function required<T>(inner: Param<T>): RequiredParam<T> {
  return { read: inner.read.bind(inner), required: true };
}

export function list<T>(inner: Param<T>): Param<T[]> {
  return {
    read(value, path) {
      if (value === '') return [];
      if (typeof value === 'string' || !Object.keys(value).every((key) => /^\d+$/.test(key))) {
        throw invalid(path, 'array', value);
      }
      return Object.values(value).map((item, index) => inner.read(item, `${path}[${index}]`));
    },
  };
}

/** Keys are free, values are texts; `null` for a value that was sent empty (to be removed). */
export const metadata: Param<Record<string, string>> = {
  read(value, path) {
    if (value === '') return CLEARED;
    if (typeof value === 'string') throw invalid(path, 'hash', value);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, scalar(item, `${path}[${key}]`, 'string')]),
    );
  },
};

const CLEARED: Record<string, string> = Object.freeze({});

/** The metadata after an update: keys sent empty go, `metadata=` clears all, others stay. */
export function mergeMetadata(
  old: Record<string, string> | null,
  sent?: Record<string, string>,
): Record<string, string> {
  if (sent === undefined) return old ?? {};
  if (sent === CLEARED) return {};
  return Object.fromEntries(Object.entries({ ...old, ...sent }).filter(([, value]) => value !== ''));
}

/** Whatever was sent, as decoded; for parts that the sandbox stores and never interprets. */
export const opaque: Param<FormValue> = { read: (value) => value };

export function object<S extends Shape>(shape: S): Param<Values<S>> {
  return {
    read(value, path) {
      if (typeof value === 'string') throw invalid(path, 'object', value);
      return readShape(shape, value, path);
    },
  };
}

/** `{gte,gt,lte,lt}` or one instant, as Stripe's `created` filters take it. */
export interface Range {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}
export const range: Param<Range> = {
  read(value, path) {
    if (typeof value !== 'string') return rangeShape.read(value, path);
    const instant = int.read(value, path);
    return { gte: instant, lte: instant };
  },
};
const rangeShape = object({ gt: int, gte: int, lt: int, lte: int });

export const inRange = (value: number, { gt, gte, lt, lte }: Range): boolean =>
  !(
    (gt !== undefined && value <= gt) ||
    (gte !== undefined && value < gte) ||
    (lt !== undefined && value >= lt) ||
    (lte !== undefined && value > lte)
  );

/** Reads all parameters of a route; an unknown or a missing one is refused. */
export function readShape<S extends Shape>(shape: S, values: FormObject, path = ''): Values<S> {
  const params = shape as Record<string, Param<unknown>>;
  const at = (name: string): string => (path === '' ? name : `${path}[${name}]`);
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(params, name)) continue;
    throw invalidRequest(`Received unknown parameter: ${at(name)}`, { code: 'parameter_unknown', param: at(name) });
  }
  const out: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(params)) {
    const value = values[name];
    if (value !== undefined) out[name] = param.read(value, at(name));
    else if (param.required) throw missingParam(at(name));
  }
  return out as Values<S>;
}
