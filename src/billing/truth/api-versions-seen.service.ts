import { Injectable, Logger } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Metrics } from '../../common/metrics.js';
import { driftBetween, STRIPE_API_VERSION } from '../../stripe/api-version.js';

/** A version that is known already is noted again no more often than this, so that the inbox pays next to nothing for it. */
const NOTE_EVERY_MS = 60_000;
/** There are a few dozen; beyond this somebody plays with us, and nothing is noted any more. */
const VERSIONS_MAX = 1_000;

/** Remembers in which versions of Stripe's API events come, and says once of each that it is not the expected one. */
@Injectable()
export class ApiVersionsSeen {
  private readonly log = new Logger('ApiVersions');
  private readonly notedAt = new Map<string, number>();
  private readonly drift: Gauge<'api_version' | 'drift'>;

  constructor(
    private readonly db: DataSource,
    metrics: Metrics,
  ) {
    this.drift = metrics.gauge({
      name: 'tributary_stripe_api_version_drift',
      help: 'Versions of Stripe’s API that events came in and that are not the pinned one; always 1',
      labelNames: ['api_version', 'drift'],
    });
  }

  async note(events: ReadonlyArray<{ workspaceId: string; apiVersion: string | null }>): Promise<void> {
    const now = performance.now();
    const due = new Map<string, { workspaceId: string; apiVersion: string }>();
    for (const { workspaceId, apiVersion } of events) {
      if (apiVersion === null) continue;
      const key = `${workspaceId}/${apiVersion}`;
      const at = this.notedAt.get(key);
      if (at !== undefined ? now - at < NOTE_EVERY_MS : this.notedAt.size >= VERSIONS_MAX) continue;
      if (at === undefined) this.tell(apiVersion);
      this.notedAt.set(key, now);
      due.set(key, { workspaceId, apiVersion });
    }
    if (due.size === 0) return;
    const rows = [...due.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    await this.db.query(
      `INSERT INTO tributary.api_version_seen (workspace_id, api_version)
       SELECT * FROM unnest($1::text[], $2::text[])
       ON CONFLICT (workspace_id, api_version) DO UPDATE SET last_seen_at = now()`,
      [rows.map((row) => row.workspaceId), rows.map((row) => row.apiVersion)],
    );
  }

  private tell(apiVersion: string): void {
    const drift = driftBetween(STRIPE_API_VERSION, apiVersion);
    if (drift === 'none') return;
    this.drift.set({ api_version: apiVersion, drift }, 1);
    if (drift === 'additions') return;
    this.log.warn(
      `events come in the shapes of Stripe's API version ${apiVersion}, and ${STRIPE_API_VERSION} is asked for (${drift}): ` +
        'all of it is kept, and GET /v1/billing/api-versions says which endpoint should be moved',
    );
  }
}
