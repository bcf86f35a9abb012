/** A billing address of which nothing is known. */
export const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

export const noBillingDetails = (email: string | null = null, name: string | null = null) => ({
  address: NO_ADDRESS,
  email,
  name,
  phone: null,
  tax_id: null,
});

export const AUTOMATIC_TAX_OFF = {
  disabled_reason: null,
  enabled: false,
  liability: null,
  provider: null,
  status: null,
};
