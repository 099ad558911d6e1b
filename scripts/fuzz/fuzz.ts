import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { measureCrafted } from './crafted.js';
import { Dice } from './dice.js';
import { findFfmpeg } from '../../src/live/ffmpeg-locator.js';
import { readByFfmpeg } from './ffmpeg-reading.js';
import { fuzzParsers } from './parsers.js';
import { fuzzServer } from './server.js';

/** One input that takes longer than this is a hang: no parser of a live server may. */
const hangMs = 20_000;

const craftedLengths = [1000, 16_000, 250_000, 100, 4000, 64_000, 1_000_000];
/** No input may cost more copies of its bytes. */
const mostCopies = 600;

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string', default: '1' }, inputs: { type: 'string', default: '1000000' }, connections: { type: 'string', default: '10000' }, crafted: { type: 'string', default: '7' }, written: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '1800' } },
  });
  const [seed, inputs, crafted, written, connections, seconds] = [values.seed, values.inputs, values.crafted, values.written, values.connections, values.seconds].map(Number) as [number, number, number, number, number, number];
  if (![seed, inputs, crafted, written, connections, seconds].every((value) => Number.isSafeInteger(value) && value >= 0)) throw new Error('expected whole numbers: --seed 1 --inputs 1000000 --crafted 7 --written 1000 --connections 10000 --seconds 1800');
  setTimeout(() => {
    console.error(`expected an end within ${seconds} s, got none`);
    process.exit(1);
  }, seconds * 1000).unref();

  console.log(`seed ${seed}\n`);
  const parsers = inputs > 0 ? await fuzzWatched(seed, inputs) : [];
  if (inputs > 0) console.log('| parser | inputs | slowest input | crashes |\n|---|---|---|---|');
  for (const { name, inputs, slowestMs, failures } of parsers) console.log(`| ${name} | ${inputs.toLocaleString('en')} | ${slowestMs.toFixed(0)} ms | ${failures.length} |`);

  const dear = crafted > 0 ? craft(craftedLengths.slice(0, crafted)) : [];
  const unread = written > 0 ? await write(seed, written) : [];
  const broken = [...parsers.flatMap((parser) => parser.failures.map((failure) => `${parser.name}, ${failure}`)), ...dear, ...unread];
  if (connections === 0) return tell(broken);

  const startedAt = performance.now();
  const server = await fuzzServer({ seed, connections, concurrency: 40 });
  console.log(`\n| connections | count |\n|---|---|`);
  for (const [outcome, count] of [...server.outcomes].sort()) console.log(`| ${outcome} | ${count.toLocaleString('en')} |`);
  console.log(`| in all, in ${((performance.now() - startedAt) / 1000).toFixed(0)} s | ${server.connections.toLocaleString('en')} |`);
  console.log(`\ndescriptors ${server.descriptors.join(' → ')}, heap ${server.heapMiB.map((size) => size.toFixed(0)).join(' → ')} MiB, broadcasts left ${server.liveStreamsLeft}`);
  tell([...broken, ...server.failures, ...(server.liveStreamsLeft > 0 ? [`${server.liveStreamsLeft} broadcasts were left behind`] : [])]);
}

/** Ends the process. */
function tell(failures: readonly string[]): never {
  console.log(`\ncrashes and hangs: ${failures.length}`);
  for (const failure of failures.slice(0, 30)) console.error(failure);
  process.exit(failures.length > 0 ? 1 : 0);
}

/** What ffmpeg did not find in what was written, in words. */
async function write(seed: number, recordings: number): Promise<readonly string[]> {
  const { path, version } = await findFfmpeg({ path: process.env.FFMPEG_PATH });
  const { frames, failures } = readByFfmpeg({ ffmpegPath: path, seed, recordings });
  console.log(`\nffmpeg ${version} was given ${recordings.toLocaleString('en')} recordings that the writer made of mutated tracks and frames: ${frames.toLocaleString('en')} frames, ${failures.length} recordings of which it did not find every one`);
  return failures;
}

/** What cost more than it may, in words. */
function craft(lengths: readonly number[]): string[] {
  console.log('\n| crafted for | inputs | dearest a byte | bytes | ns a byte | copied one by one | copies |\n|---|---|---|---|---|---|---|');
  const results = measureCrafted({
    lengths,
    goodCopies: mostCopies / 8,
    onReader: ({ name, inputs, idea, worst }) =>
      console.log(`| ${name} | ${inputs.toLocaleString('en')} | ${idea} | ${worst.bytes.toLocaleString('en')} | ${worst.nsPerByte.toFixed(1)} | ${worst.copyNsPerByte.toFixed(1)} ns | ${worst.copies.toFixed(1)} |`),
  });
  console.log(`| in all | ${results.reduce((sum, { inputs }) => sum + inputs, 0).toLocaleString('en')} | | | | | |`);
  return results.filter(({ worst }) => worst.copies > mostCopies).map(({ name, idea, worst }) => `${name}, ${idea}: ${worst.copies.toFixed(0)} copies of its bytes`);
}

/** A thread looks on, so that somebody is left to tell of a parser that does not come back. */
async function fuzzWatched(seed: number, inputs: number): Promise<ReturnType<typeof fuzzParsers>> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const watchdog = new Worker(
    `const { workerData: { progress, hangMs } } = require('node:worker_threads');
    let last = 0;
    setInterval(() => {
      if (progress[0] === last && last > 0) {
        require('node:fs').writeSync(2, 'input ' + last + ' did not come back within ' + hangMs + ' ms\\n');
        process.kill(process.pid, 'SIGKILL');
      }
      last = progress[0];
    }, hangMs);`,
    { eval: true, workerData: { progress, hangMs } },
  );
  try {
    return fuzzParsers({ seed, inputs, makeDice: (own) => new Dice(own), onInput: (done) => (progress[0] = done) });
  } finally {
    await watchdog.terminate();
  }
}
