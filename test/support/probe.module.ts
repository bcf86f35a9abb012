import { Body, Controller, Get, HttpCode, Injectable, Module, Param, Post, Query } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../src/access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../src/access/current-caller.js';
import { Idempotent, Tx } from '../../src/access/idempotency.js';
import { Public, Requires } from '../../src/access/policy.js';
import { AmountMinor, IsoInstant, PlainText, RateBps } from '../../src/common/dto-decorators.js';
import { DomainError, notFound } from '../../src/common/errors.js';
import { IdParam } from '../../src/common/id-param.dto.js';
import { PageQuery } from '../../src/common/page-query.dto.js';
import { decodeCursor, toPage } from '../../src/common/pagination.js';
import type { Page } from '../../src/common/pagination.js';

const OUTCOMES = ['ok', 'conflict', 'crash', 'slow', 'unavailable'] as const;

class Reward {
  @RateBps()
  rateBps: number;
}

class CreateThing {
  @PlainText(50)
  name: string;

  @AmountMinor()
  amountMinor: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => Reward)
  reward?: Reward;

  @IsOptional()
  @IsoInstant()
  at?: Date;

  @IsOptional()
  @IsIn(OUTCOMES)
  outcome?: (typeof OUTCOMES)[number];
}

class FailHow {
  @IsString()
  how: string;
}

interface Thing {
  id: string;
  name: string;
  amountMinor: number;
  at: Date | null;
  workspaceId: string;
  data: object;
}

const LETTERS = ['a', 'b', 'c', 'd', 'e'];

/** What the probe's handlers do, on both faces: they write to a table that the test made. */
@Injectable()
class ProbeService {
  constructor(private readonly db: DataSource) {}

  get(id: string, workspaceId: string): Thing {
    if (id !== 'thing_1') throw notFound('thing', id, 'id');
    return { id, name: 'one', amountMinor: 9_007_199_254_740_991, at: new Date(0), workspaceId, data: { nested: [1] } };
  }

  list({ limit, cursor }: PageQuery): Page<string> {
    const after = cursor === undefined ? '' : decodeCursor('letters', cursor).id;
    const rows = LETTERS.filter((letter) => letter > after).slice(0, limit + 1);
    return toPage('letters', rows, limit, (letter) => ({ sort: letter, id: letter }));
  }

  async create(tx: EntityManager, thing: CreateThing, workspaceId: string): Promise<Thing> {
    const [row] = await tx.query<{ id: string }[]>(`INSERT INTO probe_thing (name) VALUES ($1) RETURNING id::text`, [
      thing.name,
    ]);
    await this.end(thing.outcome, tx);
    const { name, amountMinor, at } = thing;
    return { id: row?.id ?? '', name, amountMinor, at: at ?? null, workspaceId, data: {} };
  }

  callStripe(thing: CreateThing, workspaceId: string): Promise<Thing> {
    return this.create(this.db.manager, thing, workspaceId);
  }

  async fail(how: string): Promise<never> {
    const statements: Record<string, string> = {
      timeout: `SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)`,
      nul: `SELECT convert_from('\\x00'::bytea, 'UTF8')`,
      terminated: `SELECT pg_terminate_backend(pg_backend_pid())`,
    };
    const statement = statements[how];
    if (statement !== undefined) await this.db.transaction((tx) => tx.query(statement));
    throw new Error('boom with sk_test_secret');
  }

  private async end(outcome: CreateThing['outcome'], tx: EntityManager): Promise<void> {
    if (outcome === 'conflict')
      throw new DomainError('conflict', 'thing_taken', 'the thing is taken', { field: 'name' });
    if (outcome === 'crash') throw new Error('boom');
    if (outcome === 'unavailable') throw new DomainError('unavailable', 'unavailable', 'not now');
    if (outcome === 'slow') await tx.query('SELECT pg_sleep(0.4)');
  }
}

@Controller('v1/probe')
class ProbeHttpController {
  constructor(private readonly probe: ProbeService) {}

  @Get('things/:id')
  @Requires('referrals:read')
  get(@Param() { id }: IdParam, @WorkspaceId() workspaceId: string): Thing {
    return this.probe.get(id, workspaceId);
  }

  @Get('letters')
  @Requires('referrals:read')
  list(@Query() query: PageQuery): Page<string> {
    return this.probe.list(query);
  }

  @Post('things')
  @Requires('referrals:write')
  create(@Body() body: CreateThing, @Tx() tx: EntityManager, @WorkspaceId() workspaceId: string): Promise<Thing> {
    return this.probe.create(tx, body, workspaceId);
  }

  @Post('payments')
  @HttpCode(200)
  @Requires('payouts:write')
  @Idempotent({ required: true })
  pay(@Body() body: CreateThing, @Tx() tx: EntityManager, @WorkspaceId() workspaceId: string): Promise<Thing> {
    return this.probe.create(tx, body, workspaceId);
  }

  @Post('stripe-calls')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  callStripe(@Body() body: CreateThing, @WorkspaceId() workspaceId: string): Promise<Thing> {
    return this.probe.callStripe(body, workspaceId);
  }

  @Get('caller')
  @Requires('referrals:read')
  caller(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }

  @Get('failures/:how')
  @Requires('referrals:read')
  fail(@Param() { how }: FailHow): Promise<never> {
    return this.probe.fail(how);
  }

  @Get('undeclared')
  undeclared(): string {
    return 'must never be seen';
  }
}

/** Routes without a key: one counted per address, one not. */
@Controller('probe')
class ProbePublicController {
  @Get('counted')
  @Public('a test')
  counted(): string {
    return 'ok';
  }

  @Get('uncounted')
  @Public('a test', { limitPerAddress: false })
  uncounted(): string {
    return 'ok';
  }
}

@Controller()
class ProbeGrpcController {
  constructor(private readonly probe: ProbeService) {}

  @GrpcMethod('Probe', 'GetThing')
  @Requires('referrals:read')
  get(@Payload() { id }: IdParam, @WorkspaceId() workspaceId: string): Thing {
    return this.probe.get(id, workspaceId);
  }

  @GrpcMethod('Probe', 'CreateThing')
  @Requires('referrals:write')
  @Idempotent()
  create(@Payload() body: CreateThing, @Tx() tx: EntityManager, @WorkspaceId() workspaceId: string): Promise<Thing> {
    return this.probe.create(tx, body, workspaceId);
  }

  @GrpcMethod('Probe', 'PayThing')
  @Requires('payouts:write')
  @Idempotent({ required: true })
  pay(@Payload() body: CreateThing, @Tx() tx: EntityManager, @WorkspaceId() workspaceId: string): Promise<Thing> {
    return this.probe.create(tx, body, workspaceId);
  }

  @GrpcMethod('Probe', 'CallStripe')
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  callStripe(@Payload() body: CreateThing, @WorkspaceId() workspaceId: string): Promise<Thing> {
    return this.probe.callStripe(body, workspaceId);
  }

  @GrpcMethod('Probe', 'Fail')
  @Requires('referrals:read')
  fail(@Payload() { how }: FailHow): Promise<never> {
    return this.probe.fail(how);
  }

  @GrpcMethod('Probe', 'Undeclared')
  undeclared(): Thing {
    return this.probe.get('thing_1', 'none');
  }
}

@Module({
  controllers: [ProbeHttpController, ProbePublicController, ProbeGrpcController],
  providers: [ProbeService],
})
export class ProbeModule {}
