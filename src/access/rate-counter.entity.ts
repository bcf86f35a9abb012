import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What all replicas together counted in one window; each adds its own share about every second. */
@Entity({ schema: 'tributary', name: 'rate_counter' })
@Index('rate_counter_window_idx', ['windowStart'])
export class RateCounter {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'rate_counter_pkey' })
  bucket: string;

  @PrimaryColumn('timestamptz', { name: 'window_start', primaryKeyConstraintName: 'rate_counter_pkey' })
  windowStart: Date;

  @Column('integer')
  hits: number;
}
