import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { notFound } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { AppConfig } from '../config/app-config.js';
import { Workspace } from './workspace.entity.js';

/** Taken by whichever replica starts first, so that two cannot both make the first workspace or the first key. */
const FIRST_START_LOCK = 7_402_001;

@Injectable()
export class WorkspacesService {
  private home?: Promise<Workspace>;

  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
  ) {}

  /**
   * The workspace that this process's environment describes: the oldest one of its mode (live or test), made at the first
   * start. Asked for once; a failure is not remembered.
   */
  ensureHome(): Promise<Workspace> {
    this.home ??= this.db
      .transaction((tx) => this.findOrMake(tx))
      .catch((error: unknown) => {
        this.home = undefined;
        throw error;
      });
    return this.home;
  }

  async get(id: string): Promise<Workspace> {
    const workspace = await this.db.getRepository(Workspace).findOneBy({ id });
    if (!workspace) throw notFound('workspace', id);
    return workspace;
  }

  /** All of them, oldest first: one per Stripe account and mode, so they are few. */
  list(): Promise<Workspace[]> {
    return this.db.getRepository(Workspace).find({ order: { createdAt: 'ASC', id: 'ASC' } });
  }

  async create(workspace: Pick<Workspace, 'name' | 'livemode'>): Promise<Workspace> {
    return this.db.transaction((tx) => insertWorkspace(tx, workspace));
  }

  private async findOrMake(tx: EntityManager): Promise<Workspace> {
    await lockFirstStart(tx);
    const { livemode } = this.config;
    const found = await tx
      .getRepository(Workspace)
      .findOne({ where: { livemode }, order: { createdAt: 'ASC', id: 'ASC' } });
    return found ?? insertWorkspace(tx, { name: livemode ? 'Live' : 'Test', livemode });
  }
}

export async function lockFirstStart(tx: EntityManager): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [FIRST_START_LOCK]);
}

async function insertWorkspace(
  tx: EntityManager,
  { name, livemode }: Pick<Workspace, 'name' | 'livemode'>,
): Promise<Workspace> {
  const workspaces = tx.getRepository(Workspace);
  const id = newId('wks');
  await workspaces.insert({ id, name, livemode });
  return workspaces.findOneByOrFail({ id });
}
