import { Injectable, Logger } from '@nestjs/common';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { BackgroundWorker } from '../../common/background-worker.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { PermissionsService } from './permissions.service.js';

/** Says at the start what a restricted key may not see, once, so that nobody finds out by what is missing later. */
@Injectable()
export class PermissionsProbe extends BackgroundWorker {
  readonly name = 'permissions-probe';
  private readonly log = new Logger('Permissions');
  private current: Promise<void> = Promise.resolve();

  constructor(
    private readonly permissions: PermissionsService,
    private readonly workspaces: WorkspacesService,
  ) {
    super();
  }

  override start(): void {
    if (this.permissions.keyKind() !== 'rk') return;
    this.current = this.look().catch((error: unknown) => {
      this.log.warn(`what the restricted key may see could not be found out: ${failureCodeOf(error)}`);
    });
  }

  override async stop(): Promise<void> {
    await this.current;
  }

  async look(): Promise<void> {
    const { id } = await this.workspaces.ensureHome();
    const { complete, missing, lists } = await this.permissions.probe(id);
    const denied = lists.filter(({ state }) => state === 'denied').map(({ type }) => type);
    if (complete) this.log.log('the restricted key may list everything that this account has');
    else
      this.log.warn(
        `the restricted key may not list ${[...new Set(denied)].join(', ')}: grant ${missing.join(', ') || 'it read access'} ` +
          'in Stripe’s dashboard, or do without them (GET /v1/billing/permissions says what suffers)',
      );
  }
}
