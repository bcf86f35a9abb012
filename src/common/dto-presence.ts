import { applyDecorators } from '@nestjs/common';
import { buildMessage, ValidateBy, ValidateIf } from 'class-validator';
import type { ValidationArguments } from 'class-validator';

/** A field that may be left out, but not be null: where null would have to mean something and means nothing. */
export function MayBeLeftOut(): PropertyDecorator {
  return ValidateIf((_object: object, value: unknown) => value !== undefined);
}

/** A field of one member of a union: asked for when `tagField` says `tag`, refused beside any other. */
export function OnlyWith(tagField: string, tag: string): PropertyDecorator {
  return applyDecorators(
    ValidateIf((object: object, value: unknown) => tagOf(object, tagField) === tag || isGiven(value)),
    beside(tagField, [tag]),
  );
}

/** As `OnlyWith`, and may be left out there too. */
export function OptionalWith(tagField: string, ...tags: string[]): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_object: object, value: unknown) => isGiven(value)),
    beside(tagField, tags),
  );
}

const tagOf = (object: object, tagField: string): unknown => (object as Record<string, unknown>)[tagField];
const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function beside(tagField: string, tags: readonly string[]): PropertyDecorator {
  const named = tags.map((tag) => `"${tag}"`).join(' or ');
  return ValidateBy(
    {
      name: 'onlyWith',
      validator: {
        validate: (_value: unknown, args?: ValidationArguments) =>
          args !== undefined && tags.some((tag) => tagOf(args.object, tagField) === tag),
        defaultMessage: buildMessage(() => `$property belongs to the ${tagField} ${named} and must be left out here`),
      },
    },
    { context: { code: 'field_not_allowed' } },
  );
}

/** A field that stands in answers and cannot be changed any more; naming it in a change is refused with the remedy. */
export function CannotBeChanged(remedy: string): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_object: object, value: unknown) => value !== undefined),
    ValidateBy(
      {
        name: 'cannotBeChanged',
        validator: {
          validate: () => false,
          defaultMessage: buildMessage(() => `$property cannot be changed: ${remedy}`),
        },
      },
      { context: { code: 'immutable_field' } },
    ),
  );
}
