import { spawn } from 'node:child_process';
import { join } from 'node:path';

import type { Scope } from './scope.js';

interface Call {
  readonly id: number;
  readonly name: string;
}

type Reply = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** What a worker answers to: a name, and what it gives. */
export type Handlers = Record<string, () => unknown>;

type Answers<H extends Handlers> = { readonly [Name in keyof H]: () => Promise<Awaited<ReturnType<H[Name]>>> };

export interface StartWorkerOptions {
  /** Its file's name in workers/, without extension. */
  readonly name: string;
  /** Given to it as JSON. */
  readonly command: unknown;
  /** The one core it may run on. */
  readonly core?: number | undefined;
  /** What its command line begins with, to run it somewhere else on this machine. */
  readonly through?: readonly string[] | undefined;
}

/** Starts a process of its own, so that its time is not counted as anybody else's, and gives its handlers as functions. */
export function startWorker<H extends Handlers>(scope: Scope, { name, command, core, through = [] }: StartWorkerOptions): Answers<H> & { readonly pid: number } {
  const script = join(import.meta.dirname, 'workers', `${name}.ts`);
  const { program, args } = onCore(core, process.execPath, ['--import', 'tsx', script, JSON.stringify(command)]);
  const [first = program, ...rest] = [...through, program, ...args];
  const child = spawn(first, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, (reply: Reply) => void>();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let calls = 0;
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  child.once('exit', (code, signal) => {
    for (const [id, settle] of waiting) settle({ id, error: `the worker ${name} ended with ${signal ?? String(code)}` });
  });
  scope.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 3000);
    await gone;
    clearTimeout(late);
  });

  const call = (handler: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      if (child.exitCode !== null || child.signalCode !== null) return reject(new Error(`the worker ${name} is gone`));
      waiting.set(id, (reply) => ('error' in reply ? reject(new Error(`${name}.${handler}: ${reply.error}`)) : resolve(reply.result)));
      child.send({ id, name: handler } satisfies Call);
    });
  const answers = new Proxy({ pid: child.pid ?? 0 }, { get: (own, key) => (key === 'pid' ? own.pid : key === 'then' ? undefined : () => call(String(key))) });
  return answers as unknown as Answers<H> & { readonly pid: number };
}

/** In a worker: what it was started with, as its starter typed it. */
export function workerCommand(): unknown {
  return JSON.parse(process.argv[2] ?? 'null');
}

/** In a worker: answers its parent until that is gone. */
export function answerParent(handlers: Handlers): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', (call: Call) => {
    Promise.resolve()
      .then(() => handlers[call.name]?.())
      .then(
        (result) => process.send?.({ id: call.id, result } satisfies Reply),
        (error: unknown) => process.send?.({ id: call.id, error: error instanceof Error ? error.message : String(error) } satisfies Reply),
      );
  });
}

/** A command line that is kept on one core. */
export function onCore(core: number | undefined, program: string, args: readonly string[]): { program: string; args: string[] } {
  return core === undefined ? { program, args: [...args] } : { program: 'taskset', args: ['-c', String(core), program, ...args] };
}
