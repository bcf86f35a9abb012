/** A group for people and tools that only read. It cannot log in; logins are made its members. */
export const READER_ROLE = 'tributary_reader';
