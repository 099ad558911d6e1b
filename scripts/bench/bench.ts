import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { describeMachine, requireLinux } from './machine.js';
import { makeRecording } from './recording.js';
import { formatTable, type Figure } from './report.js';
import { writeResults } from './results-page.js';
import { within } from './scope.js';
import { measureCopy } from './sections/copy.js';
import { measureDelay } from './sections/delay.js';
import { measureDrift } from './sections/drift.js';
import { measureFlv } from './sections/flv.js';
import { measureFrames } from './sections/frames.js';
import { measureInside } from './sections/inside.js';
import { measureKept } from './sections/kept.js';
import { measureLadder } from './sections/ladder.js';
import { measureLine } from './sections/line.js';
import { measureCache, measureNodes } from './sections/nodes.js';
import { measurePages } from './sections/pages.js';
import { measureParts } from './sections/parts.js';
import { measureRecordings } from './sections/recordings.js';
import { measureSizes } from './sections/sizes.js';
import { measureSegments } from './sections/segments.js';
import { measureStalled } from './sections/stalled.js';
import { measureStart } from './sections/start.js';
import { measureCrowd, measureViewers } from './sections/viewers.js';
import type { Section } from './sections/section.js';
import { soak } from './soak.js';

const sections: Readonly<Record<string, Section>> = {
  copy: measureCopy,
  delay: measureDelay,
  start: measureStart,
  segments: measureSegments,
  viewers: measureViewers,
  parts: measureParts,
  crowd: measureCrowd,
  inside: measureInside,
  stalled: measureStalled,
  drift: measureDrift,
  line: measureLine,
  flv: measureFlv,
  frames: measureFrames,
  ladder: measureLadder,
  kept: measureKept,
  recordings: measureRecordings,
  sizes: measureSizes,
  pages: measurePages,
  nodes: measureNodes,
  cache: measureCache,
};

const usage = `npm run bench -- [${Object.keys(sections).join('|')} …] [--seconds 20] [--write] [--no-build] [--before a-built-checkout]
npm run bench -- soak --minutes 60 [--write]`;

/** The longest that one section publishes, alone and with another server beside it. */
const recordingSeconds = { alone: 240, beside: 330 } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '60' },
    write: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    before: { type: 'string' },
  },
});

try {
  requireLinux();
  const unknown = positionals.filter((name) => name !== 'soak' && !(name in sections));
  if (unknown.length > 0) throw new Error(`expected sections by name, got ${unknown.join(', ')}\n${usage}`);
  if (!values['no-build']) execFileSync('npm', ['run', 'build'], { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'ignore', 'inherit'] });
  const machine = describeMachine();
  console.log(`\n${machine}\n`);
  if (positionals.includes('soak')) await soak({ minutes: Number(values.minutes), write: values.write, machine });
  else await bench(positionals.length > 0 ? positionals : Object.keys(sections), Number(values.seconds), machine);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function bench(names: readonly string[], seconds: number, machine: string): Promise<void> {
  const figures: Figure[] = [];
  await within(async (scope) => {
    const recording = await makeRecording(scope, values.before === undefined ? recordingSeconds.alone : recordingSeconds.beside);
    for (const name of names) {
      process.stderr.write(`${name} …\n`);
      figures.push(...((await sections[name]?.({ recording, seconds, before: values.before })) ?? []));
    }
  });
  const table = formatTable(figures);
  console.log(`${table}\n`);
  if (values.write) await writeResults({ page: 'server', title: 'The server: npm run bench', machine, body: table });
  const broken = figures.filter(({ holds }) => !holds);
  if (broken.length === 0) return;
  console.error(`bench: ${String(broken.length)} of ${String(figures.length)} bounds broken: ${broken.map(({ what }) => what).join('; ')}`);
  process.exitCode = 1;
}
