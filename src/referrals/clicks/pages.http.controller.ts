import { Controller, Get, Header, Param, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { WorkspaceId } from '../../access/current-caller.js';
import { Public, Requires } from '../../access/policy.js';
import { AppConfig } from '../../config/app-config.js';
import { CodeParam } from '../codes/code.dto.js';
import { queryOf } from './click-rules.js';
import { PagesService } from './pages.service.js';

@ApiTags('Links')
@Controller()
export class PagesHttpController {
  constructor(
    private readonly pages: PagesService,
    private readonly config: AppConfig,
  ) {}

  @Get('t.js')
  @Public('a script for pages that anyone may load; it holds no data but the length of a program’s window')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=3600')
  @Header('X-Content-Type-Options', 'nosniff')
  @Header('Cross-Origin-Resource-Policy', 'cross-origin')
  script(@Req() { url }: FastifyRequest) {
    return this.pages.script(queryOf(url).get('program'));
  }

  @Get('v1/codes/:code/qr.svg')
  @Requires('referrals:read')
  @Header('Content-Type', 'image/svg+xml')
  qrSvg(@WorkspaceId() workspaceId: string, @Param() { code }: CodeParam, @Req() request: FastifyRequest) {
    return this.pages.qrSvg(workspaceId, code, this.publicUrl(request));
  }

  @Get('v1/codes/:code/qr.png')
  @Requires('referrals:read')
  @Header('Content-Type', 'image/png')
  qrPng(@WorkspaceId() workspaceId: string, @Param() { code }: CodeParam, @Req() request: FastifyRequest) {
    return this.pages.qrPng(workspaceId, code, this.publicUrl(request));
  }

  /** Without a setting, the address that the caller itself has used. */
  private publicUrl({ protocol, host }: FastifyRequest): string {
    return this.config.publicUrl ?? `${protocol}://${host}`;
  }
}
