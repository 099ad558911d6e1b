import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

import { FragmentReader } from '../../../src/fmp4/fragment-reader.js';
import { machineMs } from '../clock.js';
import { markOf } from '../fragment-sequence.js';

// Stands between ffmpeg and the server: passes on what ffmpeg gives, then notes when that was.
const [ffmpeg = 'ffmpeg', notes = '', ...args] = process.argv.slice(2);
const child = spawn(ffmpeg, args, { stdio: ['inherit', 'pipe', 'inherit'] });
const reader = new FragmentReader();

process.stdout.on('error', () => child.kill('SIGKILL'));
child.stdout.on('data', (chunk: Buffer) => {
  const givenMs = machineMs();
  process.stdout.write(chunk);
  let lines = '';
  for (const event of reader.push(chunk)) {
    if (event.type === 'fragment') lines += `${markOf(event.fragment.bytes)} ${String(givenMs)}\n`;
  }
  if (lines !== '') appendFileSync(notes, lines);
});
child.once('exit', (code) => (process.exitCode = code ?? 1));
