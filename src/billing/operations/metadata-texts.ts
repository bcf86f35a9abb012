import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { buildMessage, ValidateBy } from 'class-validator';

const KEYS_MAX = 50;
const KEY_CHARS_MAX = 40;
const VALUE_CHARS_MAX = 500;

/** Stripe's metadata: texts by name, within Stripe's limits; as JSON text where the wire has no objects. */
export function MetadataTexts(): PropertyDecorator {
  const is = `an object of at most ${KEYS_MAX} texts, with names of up to ${KEY_CHARS_MAX} and values of up to ${VALUE_CHARS_MAX} characters`;
  return applyDecorators(
    Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => objectOf(obj[key])),
    ValidateBy({
      name: 'metadataTexts',
      validator: { validate: isMetadata, defaultMessage: buildMessage(() => `$property must be ${is}`) },
    }),
  );
}

function objectOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function isMetadata(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= KEYS_MAX &&
    entries.every(
      ([name, text]) =>
        name.length > 0 &&
        name.length <= KEY_CHARS_MAX &&
        !/[[\]]/.test(name) &&
        typeof text === 'string' &&
        text.length <= VALUE_CHARS_MAX,
    )
  );
}
