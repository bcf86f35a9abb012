import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { atMost } from '../../common/at-most.js';
import { AppConfig } from '../../config/app-config.js';
import { failureCodeOf, missingPermissionsOf } from '../../stripe/failure.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { withQuery } from '../mirror/stripe-fetcher.js';
import type { ListRule, StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES, typeOfObject } from '../objects/registry.js';
import type { PermissionView, PermissionsView } from './dto/permissions.dto.js';
import { featuresOf } from './features.js';
import { listRefusalOf } from './list-refusal.js';

const LANES = 8;

interface Probe {
  type: StripeObjectType | null;
  table: string;
  path: string;
  /** Whose list it is, of the objects of this type; null for a list of its own. */
  of: string | null;
  single: boolean;
}

/** Not an object type, and all that notices missed deliveries. */
const EVENTS: Probe = { type: null, table: 'events', path: '/v1/events', of: null, single: false };

/** Asks for the first object of every list, to learn what the configured key may see. */
@Injectable()
export class PermissionsService {
  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
    private readonly stripe: StripeGateway,
  ) {}

  /** One cheap request for each list. Nothing is written, and what fails is told and not thrown. */
  async probe(workspaceId: string): Promise<PermissionsView> {
    const probes = [EVENTS, ...STRIPE_OBJECT_TYPES.flatMap(probesOf)];
    const lists = await atMost(LANES, probes, (probe) => this.one(workspaceId, probe));
    return {
      keyKind: this.keyKind(),
      livemode: this.config.livemode,
      checkedAt: new Date().toISOString(),
      complete: lists.every(({ state }) => state !== 'denied'),
      missing: [...new Set(lists.flatMap(({ missing }) => missing))].sort(),
      lists,
    };
  }

  keyKind(): PermissionsView['keyKind'] {
    const { stripeSecretKey: key } = this.config;
    if (key === undefined) return 'none';
    return key.startsWith('rk_') ? 'rk' : 'sk';
  }

  private async one(workspaceId: string, probe: Probe): Promise<PermissionView> {
    const view = { type: probe.table, path: probe.path, missing: [], needed: featuresOf(probe.table), code: null };
    const path = await this.pathFor(workspaceId, probe);
    if (path === null) return { ...view, state: 'untested' };
    try {
      await this.stripe.get(workspaceId, probe.single ? path : withQuery(path, ['limit=1']), {
        priority: 'interactive',
      });
      return { ...view, state: 'allowed' };
    } catch (error) {
      const state = listRefusalOf(error) ?? 'failed';
      return { ...view, state, missing: missingPermissionsOf(error), code: failureCodeOf(error) };
    }
  }

  /** A list of an object's needs one such object; null when none is held. */
  private async pathFor(workspaceId: string, { path, of }: Probe): Promise<string | null> {
    if (of === null) return path;
    const [row] = (await this.db.query(
      `SELECT id FROM stripe.${typeOfObject(of).table}
        WHERE workspace_id = $1 AND account = '' AND deleted_at IS NULL ORDER BY id DESC LIMIT 1`,
      [workspaceId],
    )) as Array<{ id: string }>;
    return row === undefined ? null : path.replace('{id}', encodeURIComponent(row.id));
  }
}

function probesOf(type: StripeObjectType): Probe[] {
  return type.lists.map(({ path, of, single }: ListRule) => ({ type, table: type.table, path, of, single }));
}
