/** What a program says beside its rules. */
export interface ProgramPolicies {
  /** Whether only those can be bound who have not bought before; else a later binding counts for sales from then on. */
  newCustomersOnly: boolean;
  /** Whether a partner who was deactivated earns on from the customers they have. */
  earnAfterDeactivation: boolean;
  /** Whether tax and shipping count as part of what was sold. */
  includeTax: boolean;
  includeShipping: boolean;
  /** Whether money counts that was paid out of band, past Stripe. */
  includeOutOfBand: boolean;
}

export const DEFAULT_POLICIES: ProgramPolicies = {
  newCustomersOnly: true,
  earnAfterDeactivation: false,
  includeTax: false,
  includeShipping: false,
  includeOutOfBand: false,
};
