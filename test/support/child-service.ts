import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = process.env.TEST_MAIN ?? fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const FAILPOINTS = new URL('./failpoints.mjs', import.meta.url).href;
const START_LIMIT_MS = 30_000;
const POLL_MS = 10;

export type FailpointName =
  | 'before the commit of the insert'
  | 'between the commit and the answer'
  | 'after the answer'
  | 'between claim and apply'
  | 'before the commit of the apply'
  | 'after the commit of the apply'
  | 'before the commit of a page'
  | 'after the commit of a page';

export interface Failpoint {
  name: FailpointName;
  /** How many times it is passed unharmed. */
  passes: number;
  /** What the process sends to itself there. */
  signal: 'SIGKILL' | 'SIGTERM';
}

export interface ChildOptions {
  databaseUrl: string;
  dataDir: string;
  env?: Record<string, string>;
  failpoint?: Failpoint;
}

/** The built service, unchanged, in a process of its own; with a failpoint it fails there. End it in `afterEach`. */
export class ChildService {
  output = '';
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  private readonly child: ChildProcess;

  constructor({ databaseUrl, dataDir, env = {}, failpoint }: ChildOptions) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run the tests with npm test, which builds it`);
    const preload = failpoint === undefined ? [] : ['--import', FAILPOINTS];
    this.child = spawn(process.execPath, [...preload, MAIN], {
      cwd: dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        PORT: '0',
        GRPC_PORT: '0',
        TRIBUTARY_SANDBOX: 'off',
        LOG_LEVEL: 'warn',
        DATABASE_URL: databaseUrl,
        TRIBUTARY_DATA_DIR: dataDir,
        ...(failpoint && { TEST_FAILPOINT: JSON.stringify(failpoint) }),
        ...env,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(signal ?? code)));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get isReady(): boolean {
    return /Tributary is ready[^]*\n\n/.test(this.output);
  }

  /** Where it listens, once it does. */
  async ready(): Promise<string> {
    const limit = Date.now() + START_LIMIT_MS;
    while (!this.isReady) {
      if (Date.now() > limit || this.hasEnded) throw new Error(`the child did not start: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return /HTTP\s+(\S+)/.exec(this.output)?.[1] ?? '';
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Leaves no process behind, whatever state it is in. */
  async end(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGKILL');
    await this.exited;
  }
}
