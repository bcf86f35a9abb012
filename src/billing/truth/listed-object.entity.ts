import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An object that a comparison has met at Stripe: what is held and was never met is asked about at the end. */
@Entity({ schema: 'tributary', name: 'listed_object' })
export class ListedObject {
  @PrimaryColumn({ name: 'run_id', type: 'text' })
  runId: string;

  @PrimaryColumn({ name: 'object_table', type: 'text' })
  objectTable: string;

  @PrimaryColumn({ name: 'object_id', type: 'text' })
  objectId: string;

  @Column({ name: 'listed_at', type: 'timestamptz', default: () => 'now()' })
  listedAt: Date;
}
