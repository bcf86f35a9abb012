import { Controller, Get, Header, Headers, Param, Redirect, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/policy.js';
import { ClicksService } from './clicks.service.js';
import { CodeParam } from '../codes/code.dto.js';

@ApiTags('Links')
@Controller('r')
export class RedirectHttpController {
  constructor(private readonly clicks: ClicksService) {}

  @Get(':code')
  @Public('links are followed by strangers; it leads only to the landing page that the program names')
  @Header('Cache-Control', 'no-store')
  @Redirect()
  follow(
    @Param() { code }: CodeParam,
    @Req() { method }: FastifyRequest,
    @Headers('user-agent') userAgent?: string,
    @Headers('sec-purpose') purpose?: string,
    @Headers('referer') referrer?: string,
  ) {
    return this.clicks.follow(code, { method, userAgent, purpose, referrer });
  }
}
