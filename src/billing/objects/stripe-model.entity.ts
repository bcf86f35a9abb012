import { Column, PrimaryColumn, type ColumnType } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';

export type StripeData = Record<string, unknown>;

/**
 * A column that PostgreSQL computes from `data` and keeps; nobody writes it by hand. The expression must read every shape
 * that the field has had in Stripe's API versions, and may call only immutable functions named with their schema.
 */
export function FromData(expression: string, type: ColumnType): PropertyDecorator {
  return (target, property) => {
    Column({
      name: snakeCase(String(property)),
      type,
      nullable: true,
      generatedType: 'STORED',
      asExpression: expression,
      insert: false,
      update: false,
      transformer: type === 'bigint' ? bigintAsNumber : undefined,
    })(target, property);
  };
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * What every mirrored Stripe object has. `data` is the pristine object and the only truth; the row is its newest known
 * state. The key holds the workspace and the connected account (`''` for the workspace's own), so that equal ids of
 * different accounts never meet.
 */
export abstract class StripeModel {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  /** Exactly what Stripe sent. */
  @Column({ type: 'jsonb' })
  data: StripeData;

  /** The API version that shaped `data`; null where the sender did not say. */
  @Column({ name: 'api_version', type: 'text', nullable: true })
  apiVersion: string | null;

  /** Stripe's `created`; null for objects that have none. */
  @Column({ type: 'timestamptz', nullable: true })
  created: Date | null;

  /** The second, by Stripe's clock, of the event or answer that this state comes from. */
  @Column({ name: 'source_updated_at', type: 'timestamptz' })
  sourceUpdatedAt: Date;

  /**
   * Decides within that second. n ≥ 1: chosen among n stored events (a decision over more events replaces one over fewer);
   * 0: fetched; −1: seen only inside another object.
   */
  @Column({ name: 'source_rank', type: 'integer' })
  sourceRank: number;

  /** The event that this state came with; null when it was fetched. */
  @Column({ name: 'source_event_id', type: 'text', nullable: true })
  sourceEventId: string | null;

  /** The events of one second left the order open and Stripe has not been asked yet (or cannot be, without a key). */
  @Column({ type: 'boolean', default: false })
  undecided: boolean;

  /** When Stripe deleted the object. The row stays, and a late update does not revive it. */
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt: Date | null;

  @Column({ name: 'synced_at', type: 'timestamptz', default: () => 'now()' })
  syncedAt: Date;

  get livemode(): boolean | null {
    return typeof this.data.livemode === 'boolean' ? this.data.livemode : null;
  }

  get object(): string {
    return String(this.data.object);
  }
}
