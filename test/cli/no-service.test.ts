import { describe, expect, it } from '@jest/globals';
import { dispatch } from '../../src/cli/dispatch.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { EXIT } from '../../src/cli/command.js';
import { openHouse } from '../../src/command-house.js';
import { loadConfig } from '../../src/config/app-config.js';
import { enterSandboxMode } from '../../src/sandbox-mode.js';
import { OPENS_NOTHING } from '../support/command-tools.js';

/** Nobody serves this port. */
const CLOSED = { TRIBUTARY_SANDBOX_PORT: '1' };

describe('without a key and without a service', () => {
  it.each(['backfill', 'verify'])('%s says what to start or set, in one sentence', async (name) => {
    let err = '';
    const code = await dispatch([name], COMMANDS, {
      config: () => loadConfig(CLOSED),
      ...OPENS_NOTHING,
      openHouse,
      out: { write: () => undefined },
      err: { write: (text) => (err += text) },
      interrupted: new AbortController().signal,
    });

    expect(code).toBe(EXIT.failed);
    expect(err).toBe(
      'without STRIPE_SECRET_KEY the sandbox of a running service is asked, and nothing answers at http://127.0.0.1:1: ' +
        'start the service in another terminal (npm start), or set STRIPE_SECRET_KEY\n',
    );
  });

  it('a worker says which process has the sandbox', async () => {
    const config = loadConfig({ ...CLOSED, TRIBUTARY_ROLE: 'worker' });

    await expect(enterSandboxMode(config, { add: () => undefined })).rejects.toThrow(
      /^a worker uses the sandbox of another process, and none answers at http:\/\/127\.0\.0\.1:1: start one with TRIBUTARY_ROLE=api or all first/,
    );
  });
});
