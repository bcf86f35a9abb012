import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A person whose data is erased, for good. */
@Entity({ schema: 'tributary', name: 'person_erasure' })
@Index('person_erasure_external', ['workspaceId', 'externalIdHash'])
export class PersonErasure {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'customer_id', type: 'text' })
  customerId: string;

  /** Of the company's own id, with the workspace's salt: by it the same person is known when they are told of again. */
  @Column({ name: 'external_id_hash', type: 'text', nullable: true })
  externalIdHash: string | null;

  /** Hashes of the mailboxes by which a lead of theirs counts once; see lead claims. Empty where nothing pays for leads. */
  @Column({ type: 'text', array: true })
  mailboxes: string[];

  @Column({ name: 'erased_at', type: 'timestamptz' })
  erasedAt: Date;
}

/** What a workspace hashes the ids of erased persons with, and the mailboxes of leads. */
@Entity({ schema: 'tributary', name: 'erasure_salt' })
export class ErasureSalt {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** 32 random bytes in base64url. */
  @Column({ type: 'text' })
  salt: string;
}
