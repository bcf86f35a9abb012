import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Public } from './access/policy.js';
import { ApiDocument } from './api-document.js';

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Tributary API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', persistAuthorization: false });\n`;

@Public('the description of the interface holds no data')
@ApiExcludeController()
@Controller()
export class DocsController {
  private readonly assets = new Map<string, string>();

  constructor(private readonly document: ApiDocument) {}

  @Get('openapi.json')
  describe(): OpenAPIObject {
    return this.document.get();
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', CONTENT_SECURITY_POLICY)
  page(): string {
    return PAGE;
  }

  @Get('docs/start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  start(): string {
    return START;
  }

  @Get('docs/swagger-ui.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return this.asset('swagger-ui.css');
  }

  @Get('docs/swagger-ui-bundle.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return this.asset('swagger-ui-bundle.js');
  }

  private asset(name: string): string {
    const known = this.assets.get(name) ?? readFileSync(assetPath(name), 'utf8');
    this.assets.set(name, known);
    return known;
  }
}

/** Beside the code that pins its version: the UI comes with `@nestjs/swagger`. */
function assetPath(name: string): string {
  const besideSwagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return besideSwagger.resolve(`swagger-ui-dist/${name}`);
}
