import { existsSync } from 'node:fs';
import type { RunningService } from './bootstrap.js';
import type { AppConfig } from './config/app-config.js';
import { apiKeyFile } from './sandbox-mode.js';

/** Where everything is, for the person who started the service. On no log line, because a new API key is shown here, once. */
export function greeting(service: RunningService): string {
  const { httpUrl, grpcAddress, config, databaseUrl, sandbox, newApiKey } = service;
  const isWorker = config.role === 'worker';
  const lines: [string, string | null][] = [
    ['HTTP', httpUrl],
    ['gRPC', grpcAddress],
    ['docs', isWorker ? null : `${httpUrl}/docs`],
    ['database', withoutPassword(databaseUrl)],
    ['sandbox', sandbox?.url ?? null],
    ['API key', keptKey(config)],
  ];
  const places = lines.flatMap(([name, place]) => (place === null ? [] : `  ${name.padEnd(9)} ${place}\n`)).join('');
  return `\nTributary is ready (role ${config.role}).\n${places}${newApiKey === null ? '' : keyNotice(newApiKey)}${sandbox === null ? '' : DEMO_NOTICE}\n`;
}

const DEMO_NOTICE = '\n  See it work: npm run demo, in a second terminal.\n';

/** Where the key is, so that a person who starts the sandbox again need not have noted it. */
function keptKey({ sandbox, apiKey, dataDir }: AppConfig): string | null {
  const file = apiKeyFile(dataDir);
  return sandbox && apiKey === undefined && existsSync(file) ? file : null;
}

function keyNotice(token: string): string {
  return `\n  The first API key, shown only this once:\n\n    ${token}\n`;
}

export function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  return url.href;
}

interface NodeError {
  code?: string;
  address?: string;
  port?: number;
  message?: string;
}

/** Why the service did not start, in one sentence. */
export function reasonOf(error: unknown): string {
  const { code, address, port, message = String(error) } = (error ?? {}) as NodeError;
  if (code === 'EADDRINUSE' && port !== undefined) {
    return `Port ${port} on ${address ?? 'this machine'} is taken by another program; stop it, or choose another port with PORT or TRIBUTARY_SANDBOX_PORT.`;
  }
  if (code === 'EADDRNOTAVAIL') {
    return `HOST is ${address ?? 'an address'}, which this machine does not have; it wants an address to listen on, such as 127.0.0.1.`;
  }
  if (/No address added out of total|EADDRINUSE/.test(message)) {
    return 'The gRPC port is taken by another program; stop it, or choose another one with GRPC_PORT (or HOST is not an address of this machine).';
  }
  return `Tributary did not start: ${message.split('\n', 1)[0] ?? 'unknown reason'}.`.replace(/\.\.$/, '.');
}
