import type { MessageTypeDefinition, PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';

/** The parts of a field's descriptor that are read here. */
interface Field {
  name: string;
  label: string;
  type: string;
  typeName: string;
}

interface MessageDescriptor {
  name: string;
  field: Field[];
}

type Message = Record<string, unknown>;
type Convert = (message: Message) => Message;

const WIDE_INTEGERS = new Set(['TYPE_INT64', 'TYPE_UINT64', 'TYPE_SINT64', 'TYPE_FIXED64', 'TYPE_SFIXED64']);

/**
 * The same services, whose handlers see and give what HTTP handlers do: integers as numbers instead of text, empty texts
 * left out, dates and JSON as text on the wire only. It is done where messages are (de)serialized, because pipes run for both
 * faces and cannot tell a gRPC message from a body.
 */
export function withPlainMessages(pkg: PackageDefinition): PackageDefinition {
  const entries = Object.entries(pkg).map(([name, definition]) => {
    return [name, isService(definition) ? plainService(pkg, definition) : definition] as const;
  });
  return Object.fromEntries(entries);
}

function isService(definition: PackageDefinition[string]): definition is ServiceDefinition {
  return !('format' in definition);
}

function plainService(pkg: PackageDefinition, service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const fromWire = converter(pkg, method.requestType, plainValue);
    const toWire = converter(pkg, method.responseType, wireValue);
    const requestDeserialize = (bytes: Buffer): object => fromWire(method.requestDeserialize(bytes) as Message);
    const responseSerialize = (message: object): Buffer => method.responseSerialize(toWire(message as Message));
    return [name, { ...method, requestDeserialize, responseSerialize }] as const;
  });
  return Object.fromEntries(methods);
}

type ConvertValue = (field: Field, value: unknown) => unknown;

/** Walks a message along its descriptor. Fields that are null, undefined or become undefined are left out. */
function converter(
  pkg: PackageDefinition,
  { type }: MessageTypeDefinition<object, object>,
  convert: ConvertValue,
): Convert {
  const { name, field: fields } = type as MessageDescriptor;
  const nested = new Map<string, Convert>();
  const nestedConvert = (typeName: string): Convert => {
    const known = nested.get(typeName) ?? converter(pkg, messageType(pkg, typeName, name), convert);
    nested.set(typeName, known);
    return known;
  };
  const one = (field: Field, value: unknown): unknown =>
    field.type === 'TYPE_MESSAGE' ? nestedConvert(field.typeName)(value as Message) : convert(field, value);

  return (message) => {
    const converted: Message = {};
    for (const field of fields) {
      const value = message[field.name];
      if (value === undefined || value === null) continue;
      const isList = field.label === 'LABEL_REPEATED' && Array.isArray(value);
      const result = isList ? value.map((item) => one(field, item)) : one(field, value);
      if (result !== undefined) converted[field.name] = result;
    }
    return converted;
  };
}

function messageType(pkg: PackageDefinition, typeName: string, within: string): MessageTypeDefinition<object, object> {
  const found = Object.entries(pkg).find(
    ([name]) =>
      name === typeName.replace(/^\./, '') || name.endsWith(`.${typeName}`) || name.endsWith(`.${within}.${typeName}`),
  );
  if (!found || isService(found[1]))
    throw new Error(`message ${within} uses ${typeName}, which no proto file declares`);
  return found[1] as MessageTypeDefinition<object, object>;
}

/** An integer beyond what a number holds exactly stays text, which the DTO's rule then refuses. */
function plainValue({ type }: Field, value: unknown): unknown {
  if (value === '') return undefined;
  if (!WIDE_INTEGERS.has(type) || typeof value !== 'string') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function wireValue({ type }: Field, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint') return value.toString();
  return type === 'TYPE_STRING' && typeof value === 'object' ? JSON.stringify(value) : value;
}
