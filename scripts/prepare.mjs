// Makes `npm start`, `npm test` and the rest work on a fresh clone: installs when node_modules does not fit the lock,
// builds when dist does not fit the sources, and is silent when both do. Plain Node, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['src', 'sandbox', 'bench', 'ormconfig.ts', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
const LOCK_FILE = join(ROOT, '.prepare.lock');
const DIST_STAMP = join(ROOT, 'dist', '.sources');
const MODULES_STAMP = join(ROOT, 'node_modules', '.tributary');
const UNCHECKED = ' with type errors';
const LOCK_LIMIT_MS = 15 * 60_000;
const LOCK_POLL_MS = 200;
/** The start needs what is in the image too; tests also need what is only for development. */
const DEVELOPMENT = process.argv.includes('--dev');

refuseUnsuitableNode();
if (!upToDate()) {
  takeLock();
  try {
    if (!distFits() || DEVELOPMENT || !modulesFit({ dev: false })) install();
    if (!distFits()) build();
  } finally {
    unlinkSync(LOCK_FILE);
  }
}

function upToDate() {
  return !existsSync(LOCK_FILE) && modulesFit({ dev: DEVELOPMENT }) && distFits();
}

function refuseUnsuitableNode() {
  const wanted = readJson('package.json').engines.node;
  const [major, minor, patch] = process.versions.node.split('.').map(Number);
  const fits = wanted.split('||').some((range) => {
    const [, sign, a, b, c] = /^(\^|>=)(\d+)\.(\d+)\.(\d+)$/.exec(range.trim());
    const newer = minor > Number(b) || (minor === Number(b) && patch >= Number(c));
    return (major === Number(a) && newer) || (sign === '>=' && major > Number(a));
  });
  if (!fits) fail(`Node.js ${wanted} is needed, but this is ${process.versions.node}.`);
}

/** Whether node_modules holds what the lock says; `dev: false` leaves out what only building and testing need. */
function modulesFit({ dev }) {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  const fingerprint = `${process.platform}-${process.arch} ${digest([lock])}\n`;
  if (readText(MODULES_STAMP) === fingerprint) return true;
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = Object.entries(JSON.parse(lock.toString('utf8')).packages).filter(
    ([path, entry]) => path && !entry.optional,
  );
  const lacks = (all) => want.some(([path, entry]) => (all || !entry.dev) && have[path]?.version !== entry.version);
  if (lacks(dev)) return false;
  if (!lacks(true)) tryWrite(MODULES_STAMP, fingerprint);
  return true;
}

function install() {
  if (modulesFit({ dev: true })) return;
  say('installing the packages (once)');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (!modulesFit({ dev: true })) fail('npm ci left node_modules incomplete.');
}

/** Output of sources that do not type-check may be tested by whoever is changing them, but not started. */
function distFits() {
  const stamp = readText(DIST_STAMP);
  if (stamp === null) return false;
  const sources = sourcesDigest();
  if (DEVELOPMENT && stamp === sources + UNCHECKED) say('the build found type errors (npm run typecheck shows them)');
  return stamp === sources || (DEVELOPMENT && stamp === sources + UNCHECKED);
}

function build() {
  say('building');
  const before = sourcesDigest();
  rmSync(DIST_STAMP, { force: true });
  const nest = join(ROOT, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  const emitted = existsSync(join(ROOT, 'dist', 'ormconfig.js'));
  if (status !== 0 && !(DEVELOPMENT && emitted)) fail('the build failed; the messages are above.');
  removeOrphans();
  writeFileSync(DIST_STAMP, status === 0 ? before : before + UNCHECKED);
}

/** The compiler never removes the output of a file that is gone, and a stale migration or controller would be loaded. */
function removeOrphans() {
  for (const file of filesBelow(join(ROOT, 'dist'))) {
    const source = join(ROOT, relative(join(ROOT, 'dist'), file)).replace(/\.js(\.map)?$/, '.ts');
    if (source.endsWith('.ts') && !existsSync(source)) unlinkSync(file);
  }
}

function sourcesDigest() {
  const files = SOURCES.flatMap((name) => filesBelow(join(ROOT, name))).filter((file) => !file.endsWith('.spec.ts'));
  return digest([
    ...files.flatMap((file) => [relative(ROOT, file), readFileSync(file)]),
    readFileSync(join(ROOT, 'package-lock.json')),
  ]);
}

function filesBelow(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** One preparation at a time: a second `npm start` or `npm test` waits for the first and then finds the work done. */
function takeLock() {
  const limit = Date.now() + LOCK_LIMIT_MS;
  for (let told = false; ; told = true) {
    try {
      const file = openSync(LOCK_FILE, 'wx');
      writeFileSync(file, String(process.pid));
      closeSync(file);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`${ROOT} must be writable to install and build, but: ${error.message}`);
    }
    const holder = Number(readText(LOCK_FILE));
    if (holder > 0 && !isAlive(holder)) rmSync(LOCK_FILE, { force: true });
    if (Date.now() > limit) fail(`another preparation (process ${holder}) takes too long; remove ${LOCK_FILE}.`);
    if (!told) say('waiting for another preparation');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function run(command, args) {
  // Errors and progress go to stderr: stdout belongs to the command that is prepared for.
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`${command} ${args[0]} failed${error ? `: ${error.message}` : '; the messages are above'}.`);
}

function readJson(name) {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function tryWrite(file, text) {
  try {
    writeFileSync(file, text);
  } catch {
    // A read-only node_modules only costs the comparison each time.
  }
}

function say(text) {
  process.stderr.write(`tributary: ${text}\n`);
}

function fail(text) {
  say(text);
  if (existsSync(LOCK_FILE) && Number(readText(LOCK_FILE)) === process.pid) unlinkSync(LOCK_FILE);
  process.exit(1);
}
