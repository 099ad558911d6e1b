import { parseArgs } from 'node:util';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { waitUntil } from '../../test/helpers/programs.js';
import { startServer, type TestServer } from '../../test/helpers/server.js';
import { describeMachine } from '../bench/machine.js';
import { formatRows } from '../bench/report.js';
import { writeResults } from '../bench/results-page.js';
import { within } from '../bench/scope.js';
import { sinks, type Sink } from './sinks.js';
import { sources, type Source } from './sources.js';

const { values } = parseArgs({ options: { from: { type: 'string', default: '' }, to: { type: 'string', default: '' }, write: { type: 'boolean', default: false } } });
const chosenSources = sources.filter(({ name }) => name.includes(values.from));
const chosenSinks = sinks.filter(({ name }) => name.includes(values.to));
const stream = 'matrix';
const failures: string[] = [];

/** Every way in beside every way out, with the real programs; one after another, since each wants the machine for itself. */
const rows: string[][] = [];
for (const source of chosenSources) rows.push([source.name, ...(await tryAll(source))]);

const table = formatRows([['from \\ to', ...chosenSinks.map(({ name }) => name)], ...rows]);
const body = [table, ...(failures.length > 0 ? ['', ...failures.map((failure) => `- ${failure}`)] : [])].join('\n');
console.log(body);
if (values.write) await writeResults({ page: 'matrix', title: 'Every way in, every way out', machine: describeMachine(), body });
if (failures.length > 0) process.exitCode = 1;

async function tryAll(source: Source): Promise<string[]> {
  if (source.program === undefined) return chosenSinks.map(() => 'no program');
  return within(async (scope) => {
    const server = await startServer(scope, { RTMP_PORT: '0' });
    const live = `${server.origin}/live/${stream}`;
    try {
      await source.publish(scope, server, stream);
      await waitUntil(`${source.name} to be live`, async () => ((await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as Partial<LiveStreamInfo>).state === 'live', 60_000, 200);
    } catch (error) {
      failures.push(`${source.name}: ${firstLine(error)}`);
      return chosenSinks.map(() => 'not live');
    }
    const cells: string[] = [];
    for (const sink of chosenSinks) cells.push(await tryOne(source, sink, live, server));
    return cells;
  });
}

async function tryOne(source: Source, sink: Sink, live: string, server: TestServer): Promise<string> {
  if (sink.program === undefined) return 'no program';
  const cell = await within((scope) => sink.play(scope, live, server)).then(() => '✓', (error: unknown) => {
    failures.push(`${source.name} → ${sink.name}: ${firstLine(error)}`);
    return '✗';
  });
  process.stderr.write(`${source.name} → ${sink.name}: ${cell}\n`);
  return cell;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
}
