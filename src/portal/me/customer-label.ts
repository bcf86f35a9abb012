/** A customer as their partner may see them. */
export class CustomerLabel {
  id: string;
  /** `A. L.`; null where nothing is known of the customer. */
  initials: string | null;
  /** Null unless the token shows names. */
  name: string | null;
}

/** What is known of who a customer is. */
export interface KnownPerson {
  name: string | null;
  email: string | null;
}

/** Initials of the first and the last name, or of what an e-mail address begins with. Pure. */
export function labelOf(id: string, { name, email }: KnownPerson, showsNames: boolean): CustomerLabel {
  const words = (name ?? '').split(/\s+/).filter((word) => word !== '');
  const [first, ...others] = words.length > 0 ? words : [(email ?? '').trim()].filter((word) => word !== '');
  const ends = [first, others.at(-1)].filter((word) => word !== undefined);
  const initials = ends.map((word) => `${([...word][0] ?? '').toUpperCase()}.`).join(' ');
  return {
    id,
    initials: initials === '' ? null : initials,
    name: showsNames && words.length > 0 ? words.join(' ') : null,
  };
}
