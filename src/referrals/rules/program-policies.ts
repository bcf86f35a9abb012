/** What a program says beside its rules. */
export interface ProgramPolicies {
  /** Whether only those can be bound who have not bought before; else a later binding counts for sales from then on. */
  newCustomersOnly: boolean;
  /** Whether a partner who was deactivated earns on from the customers they have. */
  earnAfterDeactivation: boolean;
}

export const DEFAULT_POLICIES: ProgramPolicies = { newCustomersOnly: true, earnAfterDeactivation: false };
