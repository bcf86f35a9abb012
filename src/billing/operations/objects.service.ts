import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/errors.js';
import { BillingReader } from '../billing-reader.service.js';
import type { BillingObjectView, CreateObjectDto, DeleteObjectDto, UpdateObjectDto } from '../dto/billing.dto.js';
import type { StripeObjectType, Write } from '../objects/object-type.js';
import { StripeWriter, type WrittenObject } from './stripe-writer.service.js';
import type { WriteCall } from './write-call.js';

/** What can be done at Stripe with an object of any type, as far as Stripe lets that type be written. */
@Injectable()
export class ObjectsService {
  constructor(
    private readonly reader: BillingReader,
    private readonly writer: StripeWriter,
  ) {}

  /** A type that belongs to another object, such as a customer's tax id, is told so by that field in `params`. */
  async create(call: WriteCall, table: string, { account = '', params }: CreateObjectDto): Promise<BillingObjectView> {
    const type = this.writable(table, 'create');
    if (type.object === 'webhook_endpoint') throw madeElsewhere();
    return this.writer.create(call, { type, account, known: params }, withoutPathFields(type, params));
  }

  async update(call: WriteCall, table: string, id: string, dto: UpdateObjectDto): Promise<BillingObjectView> {
    const object = await this.addressOf(call.workspaceId, this.writable(table, 'update'), id, dto.account);
    return this.writer.update(call, object, dto.params);
  }

  async delete(call: WriteCall, table: string, id: string, dto: DeleteObjectDto): Promise<BillingObjectView> {
    const object = await this.addressOf(call.workspaceId, this.writable(table, 'delete'), id, dto.account);
    return this.writer.delete(call, object, dto.params);
  }

  /** Where an object is written, as far as the mirror knows it; one that only Stripe knows is found by its id alone. */
  async addressOf(workspaceId: string, type: StripeObjectType, id: string, account?: string): Promise<WrittenObject> {
    const row = await this.reader.find(type.model, workspaceId, id, account);
    return { type, id, account: account ?? row?.account ?? '', known: row?.data };
  }

  private writable(table: string, write: Write): StripeObjectType {
    const type = this.reader.typeOf(table);
    if (type.writes.includes(write)) return type;
    const allowed = type.writes.length === 0 ? 'they can only be read' : `what it lets: ${type.writes.join(', ')}`;
    const text = `Stripe lets nobody ${write} ${table}; ${allowed}`;
    throw new DomainError('unprocessable', 'write_not_supported', text, { field: 'objects' });
  }
}

/** Its secret is in Stripe's one answer, and would be lost or lie open here. */
function madeElsewhere(): DomainError {
  const text =
    'webhook endpoints are made by POST /v1/webhook-endpoints (gRPC: CreateWebhookEndpoint), which keeps their secret encrypted';
  return new DomainError('unprocessable', 'write_not_supported', text, { field: 'objects' });
}

/** The fields that go into the path are no parameters. */
function withoutPathFields(type: StripeObjectType, params: Record<string, unknown>): Record<string, unknown> {
  const path = type.paths.find((candidate) =>
    [...candidate.matchAll(/\{(\w+)\}/g)].every((match) => typeof params[String(match[1])] === 'string'),
  );
  const fields = new Set([...(path ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
  return Object.fromEntries(Object.entries(params).filter(([name]) => !fields.has(name)));
}
