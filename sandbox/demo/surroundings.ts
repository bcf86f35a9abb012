import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { databaseToRead } from '../../src/cli/read-only-query.js';
import { loadConfig, processEnvironment } from '../../src/config/app-config.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { hostInUrl } from '../../src/http-server.js';
import { apiKeyFile } from '../../src/sandbox-mode.js';
import { DemoError } from './demo-error.js';

/** Where the running service is, found by the same settings that the service was started with. */
export interface Surroundings {
  httpUrl: string;
  grpcAddress: string;
  stripeUrl: string;
  apiKey: string;
  /** How a shell gets at the key: `$(cat .data/sandbox-api-key)` or `$TRIBUTARY_API_KEY`. */
  apiKeyInShell: string;
  /** Null where the service's database cannot be reached from here; then SQL is not shown. */
  databaseUrl: string | null;
}

export function findSurroundings(): Surroundings {
  const config = loadConfig(processEnvironment());
  if (!config.sandbox) {
    throw new DemoError(
      'the demo plays on the Stripe sandbox, and these settings turn it off; start the service and the demo without STRIPE_SECRET_KEY, STRIPE_API_BASE and TRIBUTARY_SANDBOX=off',
    );
  }
  const host = hostInUrl(config.host);
  return {
    httpUrl: `http://${host}:${config.port}`,
    grpcAddress: `${host}:${config.grpcPort}`,
    stripeUrl: `http://127.0.0.1:${config.sandboxPort}`,
    ...findKey(config),
    databaseUrl: databaseToRead(config),
  };
}

function findKey({ apiKey, dataDir }: AppConfig): Pick<Surroundings, 'apiKey' | 'apiKeyInShell'> {
  if (apiKey !== undefined) return { apiKey, apiKeyInShell: '$TRIBUTARY_API_KEY' };
  const file = apiKeyFile(dataDir);
  if (!existsSync(file)) {
    throw new DemoError(
      `there is no API key in ${file}, where a first npm start keeps it; start the service first, or set TRIBUTARY_API_KEY to a key of the running one`,
    );
  }
  const shown = relative(process.cwd(), file);
  return { apiKey: readKey(file), apiKeyInShell: `$(cat ${shown.startsWith('..') ? file : shown})` };
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new DemoError(
      `${file} belongs to whoever started the service and cannot be read; run the demo as that user, or set TRIBUTARY_API_KEY`,
      { cause: error },
    );
  }
}
