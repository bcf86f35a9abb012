import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { ProgramKeyParam } from '../dto/program.dto.js';
import { ProgramsService } from '../programs.service.js';
import { PartnerStandings } from './partner-standings.service.js';
import { SetPartnerStandingDto, SetProgramStateDto } from './standing.dto.js';

@ApiTags('Programs')
@Requires('referrals:write')
@Controller('v1')
export class StandingHttpController {
  constructor(
    private readonly programs: ProgramsService,
    private readonly partners: PartnerStandings,
  ) {}

  @Post('programs/:key/state')
  @HttpCode(200)
  setProgramState(
    @WorkspaceId() workspaceId: string,
    @Param() { key }: ProgramKeyParam,
    @Body() dto: SetProgramStateDto,
    @Tx() tx: EntityManager,
  ) {
    return this.programs.setState(workspaceId, key, dto, tx);
  }

  @Post('partners/:id/deactivate')
  @HttpCode(200)
  deactivate(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Body() dto: SetPartnerStandingDto,
    @Tx() tx: EntityManager,
  ) {
    return this.partners.deactivate(workspaceId, id, dto, tx);
  }

  @Post('partners/:id/reactivate')
  @HttpCode(200)
  reactivate(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Body() dto: SetPartnerStandingDto,
    @Tx() tx: EntityManager,
  ) {
    return this.partners.reactivate(workspaceId, id, dto, tx);
  }
}
