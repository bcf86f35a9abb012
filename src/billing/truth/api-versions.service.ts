import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { MS_PER_DAY } from '../../common/clock.js';
import { driftBetween, STRIPE_API_VERSION, type VersionDrift } from '../../stripe/api-version.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { StripeFetcher } from '../mirror/stripe-fetcher.js';
import { isObject } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { ApiVersionSeen } from './api-version-seen.entity.js';
import type { ApiVersionsView, EndpointVersionView, SeenVersionView } from './dto/api-versions.dto.js';

/** What was not seen for so long is history. */
const IN_USE_MS = MS_PER_DAY;
const WORST_FIRST: readonly VersionDrift[] = ['breaking', 'unknown', 'additions', 'none'];

/** Compares the version that is asked for with those that Stripe's endpoints are set to and that events came in. */
@Injectable()
export class ApiVersionsService {
  constructor(
    private readonly db: DataSource,
    private readonly fetcher: StripeFetcher,
  ) {}

  async report(workspaceId: string): Promise<ApiVersionsView> {
    const { endpoints, error } = await this.endpoints(workspaceId);
    const seen = await this.seen(workspaceId);
    const inUse = [
      ...endpoints.filter(({ status, apiVersion }) => status === 'enabled' && apiVersion !== null),
      ...seen.filter(({ lastSeenAt }) => Date.now() - Date.parse(lastSeenAt) < IN_USE_MS),
    ];
    const drift = WORST_FIRST.find((one) => inUse.some((used) => used.drift === one)) ?? 'none';
    const explanation = explanationOf(drift);
    return { pinned: STRIPE_API_VERSION, endpoints, endpointsError: error, seen, drift, explanation };
  }

  private async endpoints(workspaceId: string): Promise<{ endpoints: EndpointVersionView[]; error: string | null }> {
    try {
      const of = { workspaceId, account: '', path: '/v1/webhook_endpoints' };
      const { objects } = await this.fetcher.fetchList(of, { priority: 'interactive' });
      return { endpoints: [...objects.map(endpointView), ...(await this.destinations(workspaceId))], error: null };
    } catch (error) {
      return { endpoints: [], error: failureCodeOf(error) };
    }
  }

  /** Event destinations of the API's second version; not every account has them. */
  private async destinations(workspaceId: string): Promise<EndpointVersionView[]> {
    try {
      const of = { workspaceId, account: '', path: '/v2/core/event_destinations' };
      const { objects } = await this.fetcher.fetchList(of, { priority: 'interactive' });
      return objects.filter(({ event_payload: payload }) => payload === 'snapshot').map(destinationView);
    } catch {
      return [];
    }
  }

  private async seen(workspaceId: string): Promise<SeenVersionView[]> {
    const rows = await this.db
      .getRepository(ApiVersionSeen)
      .find({ where: { workspaceId }, order: { lastSeenAt: 'DESC', apiVersion: 'DESC' } });
    return rows.map((row) => ({
      apiVersion: row.apiVersion,
      drift: driftBetween(STRIPE_API_VERSION, row.apiVersion),
      firstSeenAt: row.firstSeenAt.toISOString(),
      lastSeenAt: row.lastSeenAt.toISOString(),
    }));
  }
}

function endpointView(data: StripeData): EndpointVersionView {
  return viewOf(data, data.url, data.api_version);
}

function destinationView(data: StripeData): EndpointVersionView {
  return viewOf(data, isObject(data.webhook_endpoint) ? data.webhook_endpoint.url : null, data.snapshot_api_version);
}

function viewOf({ id, status }: StripeData, url: unknown, version: unknown): EndpointVersionView {
  const apiVersion = textOf(version);
  const drift = driftBetween(STRIPE_API_VERSION, apiVersion);
  return { id: String(id), url: textOf(url), status: textOf(status), apiVersion, drift };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function explanationOf(drift: VersionDrift): string {
  switch (drift) {
    case 'none':
      return `Everything comes in the shapes of ${STRIPE_API_VERSION}.`;
    case 'additions':
      return `Events come in another version of the same release as ${STRIPE_API_VERSION}: fields may be added or missing, none changes its shape.`;
    case 'breaking':
      return `Events come in a version whose shapes differ from those of ${STRIPE_API_VERSION}. All of it is kept and read in its own shape; make an endpoint with the pinned version so that rows stop changing their shape.`;
    case 'unknown':
      return `Events come in a version whose name does not look like one of Stripe's. All of it is kept.`;
  }
}
