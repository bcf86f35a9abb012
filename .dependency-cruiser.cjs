// Made from the one list of rooms in test/house/rooms.json; docs/architecture.md says why. The test beside the list
// checks the same by reading the import statements; this one follows the resolved modules and finds cycles too.
const { order, wiring, sandboxDoor } = require('./test/house/rooms.json');

const anyOf = (names) => `(${names.join('|')})`;
const escaped = sandboxDoor.map((path) => path.replaceAll('.', '\\.'));

module.exports = {
  forbidden: [
    ...order.slice(0, -1).map((room, index) => ({
      name: `below-${room}`,
      comment: `src/${room} may import only from rooms above it: docs/architecture.md, "The rooms"`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: `^src/${anyOf(order.slice(index + 1))}/` },
    })),
    {
      name: 'wiring-is-last',
      comment: 'A room must not know how the rooms are wired: docs/architecture.md, "The rooms"',
      severity: 'error',
      from: { path: `^src/${anyOf(order)}/` },
      to: { path: `^(src/[^/]+\\.ts|ormconfig\\.ts|src/${anyOf(wiring)}/)` },
    },
    {
      name: 'no-sandbox-in-the-service',
      comment: 'Only the sandbox mode may load the sandbox, and only by import(): it is not shipped',
      severity: 'error',
      from: { path: '^(src/|ormconfig)', pathNot: `^${anyOf(escaped)}` },
      to: { path: '^(sandbox|bench|test)/' },
    },
    {
      name: 'sandbox-only-by-import-call',
      comment: 'The production image has no sandbox, so nothing may need it at start',
      severity: 'error',
      from: { path: `^${anyOf(escaped)}` },
      to: { path: '^sandbox/', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or lack a third',
      severity: 'error',
      from: { path: '^(src/|ormconfig)' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.(spec|fixtures)\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6'],
    cache: { folder: 'node_modules/.cache/dependency-cruiser', strategy: 'content' },
  },
};
