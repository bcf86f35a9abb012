/** What stopped the demo, as a sentence with its remedy for the person who watches. */
export class DemoError extends Error {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'DemoError';
  }
}
