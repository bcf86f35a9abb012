import { describe, expect, it } from '@jest/globals';
import { labelOf } from './customer-label.js';

describe('a customer as their partner sees them', () => {
  it.each([
    [{ name: 'Grace Brewster Hopper', email: 'grace@example.com' }, 'G. H.'],
    [{ name: '  élodie ', email: null }, 'É.'],
    [{ name: null, email: 'grace@example.com' }, 'G.'],
    [{ name: '', email: '' }, null],
    [{ name: null, email: null }, null],
  ])('shows of %j the initials %s, and no name', (person, initials) => {
    expect(labelOf('customer_1', person, false)).toEqual({ id: 'customer_1', initials, name: null });
  });

  it('shows the name where the token allows it, and never the address', () => {
    expect(labelOf('c', { name: 'Grace  Hopper', email: 'g@example.com' }, true).name).toBe('Grace Hopper');
    expect(labelOf('c', { name: null, email: 'g@example.com' }, true)).toEqual({ id: 'c', initials: 'G.', name: null });
  });
});
