/** What a partner's token stands for. */
export interface PartnerGrant {
  partnerId: string;
  /** Whether it shows the names of the customers they referred, or only initials. */
  customerNames: boolean;
}

/** Who calls: one API key of one workspace. The guard makes it; services get it, or only its `workspaceId`, as an argument. */
export interface Caller {
  workspaceId: string;
  livemode: boolean;
  keyId: string;
  scopes: readonly string[];
  /** Set when the key is a partner's token, which may do nothing but read what is theirs. */
  partner: PartnerGrant | null;
  requestId: string;
  /** The client's address, behind trusted proxies the one they name. */
  address: string;
}
