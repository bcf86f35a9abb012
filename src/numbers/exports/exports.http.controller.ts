import { Controller, Get, Headers, Query, StreamableFile } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Requires } from '../../access/policy.js';
import { formatOf, MEDIA_TYPES } from './export-formats.js';
import { ExportQuery } from './export-query.dto.js';
import type { ExportName } from './export-tables.js';
import { ExportsService } from './exports.service.js';

/** Files, over HTTP only: gRPC has the pages of the lists. */
@ApiTags('Exports')
@ApiProduces('text/csv', 'application/x-ndjson')
@Requires('referrals:read')
@Controller('v1/exports')
export class ExportsHttpController {
  constructor(private readonly exports: ExportsService) {}

  @Get('commissions')
  exportCommissions(@WorkspaceId() id: string, @Query() query: ExportQuery, @Headers('accept') accept?: string) {
    return this.send(id, 'commissions', query, accept);
  }

  @Get('referrals')
  exportReferrals(@WorkspaceId() id: string, @Query() query: ExportQuery, @Headers('accept') accept?: string) {
    return this.send(id, 'referrals', query, accept);
  }

  @Get('clicks')
  exportClicks(@WorkspaceId() id: string, @Query() query: ExportQuery, @Headers('accept') accept?: string) {
    return this.send(id, 'clicks', query, accept);
  }

  @Get('payouts')
  @Requires('payouts:read')
  exportPayouts(@WorkspaceId() id: string, @Query() query: ExportQuery, @Headers('accept') accept?: string) {
    return this.send(id, 'payouts', query, accept);
  }

  @Get('ledger')
  exportLedger(@WorkspaceId() id: string, @Query() query: ExportQuery, @Headers('accept') accept?: string) {
    return this.send(id, 'ledger', query, accept);
  }

  private async send(workspaceId: string, name: ExportName, query: ExportQuery, accept?: string) {
    const format = formatOf(query.format, accept);
    const file = await this.exports.open(workspaceId, name, format, query);
    return new StreamableFile(file, {
      type: MEDIA_TYPES[format],
      disposition: `attachment; filename="${name}.${format}"`,
    });
  }
}
