/** A setting that stops the start. The message is one sentence: the variable, what it wants, what it got (never a secret). */
export class ConfigError extends Error {
  constructor(
    readonly variable: string,
    wants: string,
    got: string,
  ) {
    super(`${variable} must be ${wants}, but got ${got}`);
    this.name = 'ConfigError';
  }
}

/** A secret's public face: its kind and its length, so that a mix-up can be seen and nothing can be used. */
export function describeSecret(value: string): string {
  const kind = /^(?:[srp]k_(?:test|live)_|whsec_|trb_|[a-z]{2,12}:\/\/)/.exec(value)?.[0] ?? '';
  return kind === '' ? `a value of ${value.length} characters` : `"${kind}…" of ${value.length} characters`;
}
