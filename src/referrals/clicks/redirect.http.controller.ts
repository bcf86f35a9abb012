import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Header, Headers, HttpCode, Param, Redirect, Req } from '@nestjs/common';
import { ApiFoundResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/policy.js';
import { queryOf } from './click-rules.js';
import { ClicksService } from './clicks.service.js';
import { CodeParam } from '../codes/code.dto.js';

@ApiTags('Links')
@Controller('r')
export class RedirectHttpController {
  constructor(private readonly clicks: ClicksService) {}

  @Get(':code')
  @Public('links are followed by strangers; it leads only to the landing page that the program names')
  @Header('Cache-Control', 'no-store')
  @HttpCode(302)
  @ApiFoundResponse({ description: 'To the landing page, with the click’s id.' })
  @Redirect()
  follow(
    @Param() { code }: CodeParam,
    @Req() { method, ip, url }: FastifyRequest,
    @Headers() headers: IncomingHttpHeaders,
  ) {
    const { 'user-agent': userAgent, referer: referrer } = headers;
    const purpose = [headers['sec-purpose'], headers.purpose, headers['x-moz']].flat().join(' ');
    const optsOut = headers['sec-gpc'] === '1';
    return this.clicks.follow(code, { method, ip, query: queryOf(url), userAgent, purpose, referrer, optsOut });
  }
}
