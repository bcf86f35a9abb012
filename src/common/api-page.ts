import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

/** Describes the answer of a list as a page of `item`, which the description cannot see in a generic type. */
export function ApiPage(item: Type): MethodDecorator {
  const properties = {
    data: { type: 'array', items: { $ref: getSchemaPath(item) } },
    nextCursor: { type: 'string', nullable: true, description: 'Null on the last page.' },
  };
  const schema = { type: 'object', required: ['data', 'nextCursor'], properties };
  return applyDecorators(ApiExtraModels(item), ApiOkResponse({ schema }));
}
