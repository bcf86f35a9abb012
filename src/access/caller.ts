/** Who calls: one API key of one workspace. The guard makes it; services get it, or only its `workspaceId`, as an argument. */
export interface Caller {
  workspaceId: string;
  livemode: boolean;
  keyId: string;
  scopes: readonly string[];
  requestId: string;
  /** The client's address, behind trusted proxies the one they name. */
  address: string;
}
