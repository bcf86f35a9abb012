import { Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'requestId'],
      properties: {
        code: { type: 'string', description: 'Stable, for programs.' },
        message: { type: 'string', description: 'One sentence for people, with the remedy.' },
        field: { type: 'string', description: 'The field of the request that is to be changed.' },
        requestId: { type: 'string' },
      },
    },
  },
};

const ERROR_ANSWER = {
  description: 'Refused or failed; every error has this shape.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

/** The description of the HTTP face; made when the application knows all its routes. */
@Injectable()
export class ApiDocument {
  private document: OpenAPIObject | null = null;

  describe(app: INestApplication): void {
    const document = SwaggerModule.createDocument(app, heading());
    document.components = { ...document.components, schemas: { ...document.components?.schemas, Error: ERROR_SCHEMA } };
    for (const operation of operationsOf(document))
      operation.responses = { ...operation.responses, default: ERROR_ANSWER };
    this.document = document;
  }

  get(): OpenAPIObject {
    if (!this.document) throw new Error('the description is asked for before the application is ready');
    return this.document;
  }
}

function heading(): Omit<OpenAPIObject, 'paths'> {
  return new DocumentBuilder()
    .setTitle('Tributary')
    .setDescription(
      'Money is an integer in the minor unit of its currency, times are ISO 8601 in UTC. Lists take `limit` and `cursor` and ' +
        'answer `{ data, nextCursor }`. Every POST takes `Idempotency-Key`; those that move money demand it.',
    )
    .setVersion('1')
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'An API key: trb_<keyid>_<secret>' })
    .addSecurityRequirements('bearer')
    .build();
}

interface Operation {
  responses: Record<string, unknown>;
}

function operationsOf(document: OpenAPIObject): Operation[] {
  const items = Object.values(document.paths) as Record<string, unknown>[];
  return items.flatMap((item) => Object.values(item)).filter(isOperation);
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'responses' in value;
}
