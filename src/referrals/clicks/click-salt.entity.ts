import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a day's addresses and user agents are hashed with. Forgotten soon, and with it whose they were. */
@Entity({ schema: 'tributary', name: 'click_salt' })
export class ClickSalt {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** In UTC, `2026-01-31`. */
  @PrimaryColumn({ type: 'date' })
  day: string;

  /** 32 random bytes in base64url. */
  @Column({ type: 'text' })
  salt: string;
}
