import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { greeting } from '../../src/start-messages.js';
import { apiKeyFile, keepApiKey } from '../../src/sandbox-mode.js';
import { startTestService } from '../support/test-service.js';

const NO_KEY = { TRIBUTARY_API_KEY: '' };

describe('the API key of the first start', () => {
  it('is kept for a second terminal in sandbox mode, readable by its owner alone', async () => {
    const { service, stop } = await startTestService({ sandbox: true, env: NO_KEY });
    try {
      const file = apiKeyFile(service.config.dataDir);

      expect(readFileSync(file, 'utf8').trim()).toBe(service.newApiKey);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(greeting(service)).toContain(file);

      writeFileSync(file, 'of an older database', { mode: 0o644 });
      keepApiKey(service.config.dataDir, 'a new one');
      expect(statSync(file).mode & 0o777).toBe(0o600);
    } finally {
      await stop();
    }
  });

  it('is written nowhere outside sandbox mode', async () => {
    const { service, stop } = await startTestService({ sandbox: false, env: NO_KEY });
    try {
      expect(service.newApiKey).toMatch(/^trb_/);
      expect(existsSync(join(service.config.dataDir, 'sandbox-api-key'))).toBe(false);
      expect(greeting(service)).not.toContain('sandbox-api-key');
    } finally {
      await stop();
    }
  });
});
