import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What one whole unit of `base` is in `quote` from one moment on. Never changed: a correction is a rate with a later moment. */
@Entity({ schema: 'tributary', name: 'exchange_rate' })
@Index('exchange_rate_moment', ['workspaceId', 'base', 'quote', 'effectiveAt'], { unique: true })
export class ExchangeRate {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  base: string;

  @Column({ type: 'text' })
  quote: string;

  /** A decimal, such as `1.0837`; text, because it is exact. */
  @Column({ type: 'text' })
  rate: string;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  /** Who says so: a bank, a service, a person. */
  @Column({ type: 'text' })
  source: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
