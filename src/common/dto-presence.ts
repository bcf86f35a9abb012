import { applyDecorators } from '@nestjs/common';
import { buildMessage, ValidateBy, ValidateIf } from 'class-validator';
import type { ValidationArguments } from 'class-validator';

/** A field that may be left out, but not be null: where null would have to mean something and means nothing. */
export function MayBeLeftOut(): PropertyDecorator {
  return ValidateIf((_object: object, value: unknown) => value !== undefined);
}

/** A field of one member of a union: asked for when `tagField` says `tag`, refused beside any other. */
export function OnlyWith(tagField: string, tag: string): PropertyDecorator {
  const hasTag = (object: object): boolean => (object as Record<string, unknown>)[tagField] === tag;
  return applyDecorators(
    ValidateIf((object: object, value: unknown) => hasTag(object) || (value !== undefined && value !== null)),
    ValidateBy(
      {
        name: 'onlyWith',
        validator: {
          validate: (_value: unknown, args?: ValidationArguments) => args !== undefined && hasTag(args.object),
          defaultMessage: buildMessage(() => `$property belongs to the ${tagField} "${tag}" and must be left out here`),
        },
      },
      { context: { code: 'field_not_allowed' } },
    ),
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
