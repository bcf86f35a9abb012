import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { ClicksService } from './clicks/clicks.service.js';
import { CodesService } from './codes/codes.service.js';
import { CommissionsService } from './commissions.service.js';
import { CreateClickDto } from './clicks/click.dto.js';
import { CodeParam, CreateCodeDto, PartnerProgramQuery, UpdateCodeCall } from './codes/code.dto.js';
import { ListCommissionsQuery } from './dto/commission.dto.js';
import { CreateProgramDto, ProgramKeyParam } from './dto/program.dto.js';
import { TrackReferralDto } from './dto/referral.dto.js';
import { CreateSaleDto } from './dto/sale.dto.js';
import { ProgramsService } from './programs.service.js';
import { SalesService } from './sales.service.js';
import { SignUpsService } from './sign-ups.service.js';

@Controller()
@Requires('referrals:read')
export class ReferralsGrpcController {
  constructor(
    private readonly programs: ProgramsService,
    private readonly codes: CodesService,
    private readonly clicks: ClicksService,
    private readonly signUps: SignUpsService,
    private readonly sales: SalesService,
    private readonly commissions: CommissionsService,
  ) {}

  @GrpcMethod('Referrals', 'CreateProgram')
  @Idempotent()
  @Requires('referrals:write')
  createProgram(@WorkspaceId() workspaceId: string, @Payload() dto: CreateProgramDto, @Tx() tx: EntityManager) {
    return this.programs.create(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'GetProgram')
  getProgram(@WorkspaceId() workspaceId: string, @Payload() { key }: ProgramKeyParam) {
    return this.programs.get(workspaceId, key);
  }

  @GrpcMethod('Referrals', 'CreateCode')
  @Idempotent()
  @Requires('referrals:write')
  createCode(@WorkspaceId() workspaceId: string, @Payload() dto: CreateCodeDto, @Tx() tx: EntityManager) {
    return this.codes.create(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'ValidateCode')
  validateCode(@CurrentCaller() caller: Caller, @Payload() { code }: CodeParam) {
    return this.codes.validate(caller, code);
  }

  @GrpcMethod('Referrals', 'GetCode')
  getCode(@WorkspaceId() workspaceId: string, @Payload() { code }: CodeParam) {
    return this.codes.get(workspaceId, code);
  }

  @GrpcMethod('Referrals', 'ListCodes')
  listCodes(@WorkspaceId() workspaceId: string, @Payload() query: PartnerProgramQuery) {
    return this.codes.list(workspaceId, query);
  }

  @GrpcMethod('Referrals', 'UpdateCode')
  @Idempotent()
  @Requires('referrals:write')
  updateCode(@WorkspaceId() workspaceId: string, @Payload() dto: UpdateCodeCall, @Tx() tx: EntityManager) {
    const { code, newCode, ...changes } = dto;
    return this.codes.update(workspaceId, code, { ...changes, code: newCode }, tx);
  }

  @GrpcMethod('Referrals', 'RecordClick')
  @Idempotent()
  @Requires('referrals:write')
  recordClick(@WorkspaceId() workspaceId: string, @Payload() dto: CreateClickDto, @Tx() tx: EntityManager) {
    return this.clicks.record(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'TrackReferral')
  @Idempotent()
  @Requires('referrals:write')
  trackReferral(@WorkspaceId() workspaceId: string, @Payload() dto: TrackReferralDto, @Tx() tx: EntityManager) {
    return this.signUps.track(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'RecordSale')
  @Idempotent({ required: true })
  @Requires('referrals:write')
  recordSale(@WorkspaceId() workspaceId: string, @Payload() dto: CreateSaleDto, @Tx() tx: EntityManager) {
    return this.sales.record(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'ListCommissions')
  listCommissions(@WorkspaceId() workspaceId: string, @Payload() query: ListCommissionsQuery) {
    return this.commissions.list(workspaceId, query);
  }

  @GrpcMethod('Referrals', 'GetCommission')
  getCommission(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.commissions.get(workspaceId, id);
  }

  @GrpcMethod('Referrals', 'ExplainCommission')
  explainCommission(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.commissions.explain(workspaceId, id);
  }
}
