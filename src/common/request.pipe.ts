import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import type { RuleContext } from './dto-decorators.js';
import { invalidField } from './errors.js';
import type { DomainError } from './errors.js';

/** Deeper than any request is; beyond it an error's path is cut off. */
const PATH_DEPTH_MAX = 10;

/**
 * Turns what came over either wire into the declared DTO, or throws `invalid_argument` naming the first field at fault.
 * Unknown fields are refused rather than dropped: a mistyped `rateBsp` must not become a default. Nothing is converted
 * silently; a query's numbers say so with `@Type`.
 */
@Injectable()
export class RequestPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      stopAtFirstError: true,
      validationError: { target: false, value: true },
      exceptionFactory: (errors) => firstFault(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && value !== undefined && !isPlainObject(value)) {
      throw invalidField('body', 'invalid_body', 'body must be a JSON object');
    }
    return super.transform(value, metadata) as Promise<unknown>;
  }
}

/** The error that answers the request; one field at a time, the deepest first. */
export function firstFault(errors: readonly ValidationError[], path: readonly string[] = []): DomainError {
  const [error] = errors;
  if (!error) return invalidField('body', 'invalid_body', 'body does not have the expected shape');
  const here = [...path, error.property];
  if (error.children?.length && here.length < PATH_DEPTH_MAX) return firstFault(error.children, here);
  return faultOf(error, pathOf(here));
}

function faultOf(error: ValidationError, field: string): DomainError {
  const [rule, message = `${error.property} is not valid`] = Object.entries(error.constraints ?? {})[0] ?? [];
  if (rule === 'whitelistValidation') {
    return invalidField(
      field,
      'unknown_field',
      `${field} is not a field of this request; remove it or check its spelling`,
    );
  }
  const says = message.startsWith(`${error.property} `) ? field + message.slice(error.property.length) : message;
  if (error.value === undefined) return invalidField(field, 'missing_field', `${field} is missing: ${says}`);
  const context = error.contexts?.[rule ?? ''] as RuleContext | undefined;
  return invalidField(field, context?.code ?? 'invalid_field', says);
}

/** `lines[2].amountMinor` */
function pathOf(parts: readonly string[]): string {
  return parts.map((part, at) => (/^\d+$/.test(part) ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
