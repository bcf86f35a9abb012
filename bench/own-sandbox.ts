import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../sandbox/main.js', import.meta.url));
const START_LIMIT_MS = 15_000;

/** A sandbox in a process of its own, so that its work is not the service's. */
export class OwnSandbox {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: URL,
  ) {}

  static async start(folder: string): Promise<OwnSandbox> {
    const child = spawn(process.execPath, [MAIN, '--port', '0'], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    return new OwnSandbox(child, await urlOf(child));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Stores the objects as if they had come about at Stripe. */
  async put(objects: readonly object[]): Promise<void> {
    const answer = await fetch(new URL('/_sandbox/objects', this.url), {
      method: 'POST',
      body: JSON.stringify({ objects }),
    });
    if (!answer.ok) throw new Error(`the sandbox answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await exited;
  }
}

async function urlOf(child: ChildProcess): Promise<URL> {
  let output = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the sandbox did not start')), START_LIMIT_MS);
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [, url] = /listens on (\S+)/.exec(output) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(new URL(url));
    });
  });
}
