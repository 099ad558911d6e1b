import { chmod, readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { childEnvironment } from '../../src/live/child-environment.js';
import { findFfmpeg } from '../../src/live/ffmpeg-locator.js';
import { planTranscode, type TranscodePlan } from '../../src/live/ffmpeg-options.js';
import { FfmpegTranscoder } from '../../src/live/ffmpeg-transcoder.js';
import type { SourceEvent, SourceHeader } from '../../src/source/source-reader.js';
import { childBoxes, findBox } from '../../src/isobmff/boxes.js';
import { MatroskaWriter } from '../../src/source/matroska-writer.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { outputInits } from '../../src/fmp4/named-outputs.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { findProgram, skipWithout } from '../helpers/programs.js';
import { recordSeveralPictures } from '../helpers/several-pictures.js';
import { entryPointsOf, eventsOf, fixture, fixtureNames, takesOf } from '../source/fixture.js';

const ffmpeg = await findFfmpeg({ path: process.env.FFMPEG_PATH });
const bundled = await findFfmpeg({ searchPath: '' }).catch(() => undefined);

const installed = [ffmpeg, ...(bundled === undefined || bundled.path === ffmpeg.path ? [] : [bundled])];

/** As ffmpeg is given it: the first take of a recording. */
function written(bytes: Uint8Array, fromSeconds = 0): { readonly header: SourceHeader; readonly bytes: Buffer } {
  const [take] = takesOf(bytes).takes;
  if (take === undefined) throw new Error('there is no take in it');
  const writer = new MatroskaWriter(take.header.tracks);
  return { header: take.header, bytes: Buffer.concat([writer.header, writer.write(take.frames.filter(({ timeSeconds }) => timeSeconds >= fromSeconds))]) };
}

function planFor(bytes: Uint8Array, ffmpegMajor = ffmpeg.major, forceVideoEncode?: string): TranscodePlan {
  const { header } = written(bytes);
  return planTranscode(header, { segmentSeconds: 2, ffmpegMajor, startSeconds: 0, ...(forceVideoEncode !== undefined && { forceVideoEncode }) });
}

function start(plan: TranscodePlan, ffmpegPath = ffmpeg.path): FfmpegTranscoder {
  return new FfmpegTranscoder(plan, { ffmpegPath, endTimeoutMs: 30_000, closeTimeoutMs: 500 });
}

async function collect(transcoder: FfmpegTranscoder): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await transcoder.read((chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}

/** The first of several recordings. */
function firstRecording(name: string): Buffer {
  const bytes = fixture(name);
  const next = eventsOf(bytes).find((event) => event.type === 'recording' && event.offset > 0);
  return next?.type === 'recording' ? bytes.subarray(0, next.offset) : bytes;
}

async function transcode(recording: Uint8Array, plan: TranscodePlan, ffmpegPath = ffmpeg.path, fromSeconds = 0): Promise<Buffer> {
  const transcoder = start(plan, ffmpegPath);
  const output = collect(transcoder);
  const { bytes } = written(recording, fromSeconds);
  for (let at = 0; at < bytes.length; at += 10_000) await transcoder.write(bytes.subarray(at, at + 10_000));
  transcoder.end();
  const result = await output;
  const error = await transcoder.closed;
  if (error !== null) throw error;
  return result;
}

/** Times of pictures are rounded to so much. */
const tickSeconds = 1 / 90_000;

const timesOf = (events: SourceEvent[], kind: 'video' | 'audio'): number[] =>
  events.flatMap((event) => (event.type === 'frame' && event.kind === kind ? [event.timeSeconds] : []));

/** The process id is free again, or taken over by init as a corpse. */
function isGone(pid: number | undefined): boolean {
  if (pid === undefined) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** Waits until `condition` holds, looking once a turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

for (const found of installed) {
  t.test(`no picture is lost, doubled or moved, and sound stays with it: ffmpeg ${found.version}`, async (t) => {
    for (const name of fixtureNames) {
      const bytes = firstRecording(name);
      const source = eventsOf(bytes);
      const plan = planFor(bytes, found.major);
      const output = await transcode(bytes, plan, found.path);
      t.same([...childBoxes(output)].slice(0, 3).map(({ type }) => type), ['ftyp', 'moov', 'moof'], name);
      t.equal(findBox(output, ['moov', 'trak', 'edts']), undefined, `${name}: no edit list`);
      const made = eventsOf(output);
      const [given, shown] = [timesOf(source, 'video'), timesOf(made, 'video')];
      t.equal(shown.length, given.length, `${name}: as many pictures`);
      const moved = given.map((time, index) => (shown[index] ?? NaN) - time - plan.outputStartSeconds);
      t.ok(moved.every((by) => Math.abs(by) < tickSeconds), `${name}: ${Math.min(...moved)}…${Math.max(...moved)}`);
      const [lastGiven, lastShown] = [timesOf(source, 'audio').at(-1) ?? 0, timesOf(made, 'audio').at(-1) ?? 0];
      t.ok(Math.abs(lastShown - lastGiven - plan.outputStartSeconds) < 0.1, `${name}: sound ends at ${lastShown}, its source at ${lastGiven}`);
    }
  });
}

for (const found of installed) {
  t.test(`a recording taken up in its middle begins where any does: ffmpeg ${found.version}`, async (t) => {
    for (const name of ['chromium-h264.mkv', 'chromium-h264.mp4', 'chromium-vp8.webm']) {
      const bytes = fixture(name);
      const [entry] = entryPointsOf(bytes).slice(3);
      if (entry === undefined) throw new Error(`${name} has no fourth entry`);
      const wishes = { segmentSeconds: 2, ffmpegMajor: found.major, startSeconds: entry.timeSeconds };
      const plan = planTranscode(written(bytes).header, wishes);
      const made = eventsOf(await transcode(bytes, plan, found.path, entry.timeSeconds));
      const rest = eventsOf(written(bytes, entry.timeSeconds).bytes);
      const [given, shown] = [timesOf(rest, 'video'), timesOf(made, 'video')];
      t.equal(shown.length, given.length, `${name}: as many pictures`);
      const moved = given.map((time, index) => (shown[index] ?? NaN) - time + entry.timeSeconds - plan.outputStartSeconds);
      t.ok(moved.every((by) => Math.abs(by) < tickSeconds), `${name}: ${Math.min(...moved)}…${Math.max(...moved)}`);
      const [lastGiven, lastShown] = [timesOf(rest, 'audio').at(-1) ?? 0, timesOf(made, 'audio').at(-1) ?? 0];
      t.ok(Math.abs(lastShown - lastGiven + entry.timeSeconds - plan.outputStartSeconds) < 0.1, `${name}: sound ends at ${lastShown}`);
    }
  });
}

t.test('a keyframe is made each second, wherever the source has its own', async (t) => {
  const bytes = fixture('firefox-vp8.webm');
  const plan = planFor(bytes);
  const keyframes = entryPointsOf(await transcode(bytes, plan)).map(({ timeSeconds }) => Math.round(timeSeconds - plan.outputStartSeconds));
  t.same(keyframes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

t.test('sound alone and picture alone come through', async (t) => {
  const sound = await transcode(fixture('chromium-audio.webm'), planFor(fixture('chromium-audio.webm')));
  t.match(eventsOf(sound).find(({ type }) => type === 'header'), {
    type: 'header',
    header: { container: 'mp4', tracks: [{ id: 1, kind: 'audio', codec: 'aac', sampleRate: 48000, channels: 2 }] },
  });
  const bytes = fixture('chromium-vp8.webm');
  const header = eventsOf(bytes).find((event) => event.type === 'header')?.header;
  const video = header?.tracks.filter(({ kind }) => kind === 'video') ?? [];
  const picture = await transcode(bytes, planTranscode({ container: 'webm', tracks: video }, { segmentSeconds: 2, ffmpegMajor: ffmpeg.major }));
  t.equal(timesOf(eventsOf(picture), 'video').length, 296);
  t.equal(timesOf(eventsOf(picture), 'audio').length, 0);
});

t.test('what ffmpeg can not take makes the writer wait, and no longer than that', async (t) => {
  const { bytes } = written(fixture('chromium-h264.mkv'));
  const transcoder = start(planFor(fixture('chromium-h264.mkv')));
  const output = collect(transcoder);
  await transcoder.write(bytes.subarray(0, 50_000));
  process.kill(transcoder.pid ?? 0, 'SIGSTOP');
  let taken = 0;
  const writing = (async () => {
    for (let at = 50_000; at < bytes.length; at += 1000) {
      await transcoder.write(bytes.subarray(at, at + 1000));
      taken += 1;
    }
  })();
  let before = -1;
  while (taken !== before) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  t.ok(taken < (bytes.length - 50_000) / 1000, `${taken} kB went into the pipe, then it waited`);
  process.kill(transcoder.pid ?? 0, 'SIGCONT');
  await writing;
  transcoder.end();
  t.equal(await transcoder.closed, null);
  t.equal(timesOf(eventsOf(await output), 'video').length, 265);
});

t.test('an ffmpeg that is killed is told, its waiting writer goes on, and later writes are dropped', async (t) => {
  const bytes = fixture('chromium-vp8.webm');
  const transcoder = start(planFor(bytes));
  const output = collect(transcoder);
  process.kill(transcoder.pid ?? 0, 'SIGSTOP');
  const writing = Promise.all(Array.from({ length: 20 }, () => transcoder.write(bytes)));
  process.kill(transcoder.pid ?? 0, 'SIGKILL');
  t.match(await transcoder.closed, { message: 'ffmpeg was killed by SIGKILL' });
  await writing;
  await transcoder.write(bytes);
  await output;
  await transcoder.close();
  t.ok(isGone(transcoder.pid));
});

t.test('a missing ffmpeg is told in words and harms nobody', async (t) => {
  for (const path of ['/nowhere/ffmpeg', '/']) {
    const transcoder = start(planFor(fixture('chromium-vp8.webm')), path);
    await transcoder.write(Buffer.alloc(100_000));
    transcoder.end();
    t.equal((await collect(transcoder)).length, 0);
    t.match(await transcoder.closed, { message: /^ffmpeg could not be started at .*: (there is no such program|it may not be executed)$/ });
    await transcoder.close();
  }
});

t.test('what a reader throws is told to it, and it is given nothing more', async (t) => {
  const { bytes } = written(fixture('chromium-h264.mkv'));
  const transcoder = start(planFor(fixture('chromium-h264.mkv')));
  let given = 0;
  const reading = transcoder.read(() => {
    given++;
    throw new Error('the reader is out of order');
  });
  const refused = t.rejects(reading, { message: 'the reader is out of order' });
  await transcoder.write(bytes);
  await refused;
  await transcoder.close();
  t.equal(given, 1);
});

t.test('a recording that can not be read is told in words', async (t) => {
  const plan = planFor(fixture('chromium-vp8.webm'));
  const transcoder = start(plan);
  const output = collect(transcoder);
  await transcoder.write(Buffer.from('certainly no recording '.repeat(100)));
  transcoder.end();
  t.match(await transcoder.closed, { message: /^The recording could not be read: / });
  t.equal((await output).length, 0);
});

t.test('close leaves no process, in the first moment, in the middle, stopped or twice', async (t) => {
  const bytes = fixture('chromium-vp8.webm');
  const early = start(planFor(bytes));
  await Promise.all([early.close(), early.close()]);
  t.equal(await early.closed, null);
  t.ok(isGone(early.pid));

  const middle = start(planFor(bytes));
  void middle.write(bytes);
  await middle.close();
  t.ok(isGone(middle.pid));

  const stopped = start(planFor(bytes));
  process.kill(stopped.pid ?? 0, 'SIGSTOP');
  await stopped.close();
  t.equal(await stopped.closed, null);
  t.ok(isGone(stopped.pid));
});

t.test('an ffmpeg that does not finish after the end is killed and told', async (t) => {
  const transcoder = new FfmpegTranscoder(planFor(fixture('chromium-vp8.webm')), { ffmpegPath: ffmpeg.path, endTimeoutMs: 100 });
  process.kill(transcoder.pid ?? 0, 'SIGSTOP');
  transcoder.end();
  t.match(await transcoder.closed, { message: /^ffmpeg did not finish within 100 ms/ });
  t.ok(isGone(transcoder.pid));
});

t.test('media comes out while the recording goes on', async (t) => {
  const { bytes } = written(fixture('chromium-h264.mkv'));
  const transcoder = start(planFor(fixture('chromium-h264.mkv')));
  let received = 0;
  const reading = transcoder.read((chunk) => {
    received += chunk.length;
  });
  await transcoder.write(bytes.subarray(0, 12_000));
  await until(() => received > 2000);
  t.ok(received > 2000);
  await transcoder.close();
  await reading;
});

/** What of an MP4 belongs to each output, as a player would be given it. */
function outputsOf(mp4: Buffer, { outputs }: TranscodePlan): Buffer[] {
  const events = new FragmentReader().push(mp4);
  const inits = events.flatMap((event) => (event.type === 'init' ? outputInits(event.init, outputs) : []));
  return outputs.map(({ trackIds }, index) => {
    const own = events.flatMap((event) => (event.type === 'fragment' && event.fragment.runs.some(({ trackId }) => trackIds.includes(trackId)) ? [event.fragment.bytes] : []));
    return Buffer.concat([inits[index]?.init.bytes ?? Buffer.alloc(0), ...own]);
  });
}

const several = findProgram('ffmpeg');
for (const found of installed) {
  t.test(`of several pictures in one recording each comes out whole by itself, with the sound, copied or encoded: ffmpeg ${found.version}`, { skip: skipWithout(several, 'ffmpeg') }, async (t) => {
    const recording = await recordSeveralPictures({ seconds: 3, heights: [120, 90] });
    const events = eventsOf(recording);
    const announced = events.flatMap((event) => (event.type === 'header' ? event.header.tracks : []));
    const tracks = announced.map((track, index) => ({ ...track, rendition: track.kind === 'video' && index > 0 ? `picture-${index + 1}` : undefined }));
    const frames = events.flatMap((event) => (event.type === 'frame' ? [event] : []));
    const writer = new MatroskaWriter(tracks);
    const first = frames.find(({ kind }) => kind === 'video')?.timeSeconds ?? 0;
    for (const leaveOutBefore of [undefined, 'it is tried']) {
      const plan = planTranscode({ container: 'matroska', tracks }, { segmentSeconds: 1, ffmpegMajor: found.major, startSeconds: first, leaveOutBefore });
      const transcoder = start(plan, found.path);
      const output = collect(transcoder);
      await transcoder.write(Buffer.concat([writer.header, writer.write(frames)]));
      transcoder.end();
      const outputs = outputsOf(await output, plan);
      t.equal(await transcoder.closed, null);
      t.equal(outputs.length, 3);
      const keyframes = outputs.map((mp4) => entryPointsOf(mp4).map(({ timeSeconds }) => timeSeconds.toFixed(3)));
      for (const [index, mp4] of outputs.entries()) {
        const what = `output ${index}, ${leaveOutBefore === undefined ? 'copied' : 'encoded'}`;
        const { pictures } = await decode(t, mp4);
        t.strictSame(pictures.map(({ number }) => number), Array.from({ length: 75 }, (_, number) => number), `${what}: each picture once, in order`);
        t.strictSame(keyframes[index], keyframes[0], `${what}: keyframes where the source has them`);
        t.strictSame(eventsOf(mp4).flatMap((event) => (event.type === 'header' ? event.header.tracks.map(({ kind, height }) => height ?? kind) : [])).sort(), [[180, 120, 90][index], 'audio'], what);
        t.ok(timesOf(eventsOf(mp4), 'audio').length > 130, `${what}: with all of the sound`);
      }
    }
  });
}

t.test('every program that is started is given an environment of its own', async (t) => {
  const folder = new URL('../../src/', import.meta.url);
  for (const name of (await readdir(folder, { recursive: true })).filter((each) => each.endsWith('.ts'))) {
    const text = await readFile(new URL(name, folder), 'utf8');
    const starts = [...text.matchAll(/\bspawn\(|promisify\(execFile\)/g)].length;
    if (text.includes('from \'node:child_process\'')) t.equal([...text.matchAll(/env: childEnvironment\(\)/g)].length, starts, name);
  }
});

t.test('no secret of the server, and nothing else of its environment, is there for a child to read', async (t) => {
  const folder = t.testdir({ ffmpeg: '#!/bin/sh\nenv\n' });
  const program = `${folder}/ffmpeg`;
  await chmod(program, 0o755);
  const secrets = { PUBLISH_KEY: 'key-of-the-server', VIEW_KEY: 'key-of-the-viewers', S3_SECRET_ACCESS_KEY: 'key-of-the-store', SOMETHING_ELSE: 'of-the-operator' };
  Object.assign(process.env, secrets);
  t.teardown(() => {
    for (const name of Object.keys(secrets)) Reflect.deleteProperty(process.env, name);
  });
  const seen = (await collect(start(planFor(fixture('chromium-vp8.webm')), program))).toString();
  for (const [name, value] of Object.entries(secrets)) t.notOk(seen.includes(name) || seen.includes(value), name);
  t.ok(seen.includes(`PATH=${process.env.PATH}`), 'what programs are found by is there');
  t.strictSame(childEnvironment({ PATH: '/bin', HOME: '/root', LD_LIBRARY_PATH: '/lib', ...secrets }), { PATH: '/bin', HOME: '/root', LD_LIBRARY_PATH: '/lib' });
});

t.test('a program that is asked what it can do reads no secret either', async (t) => {
  const folder = t.testdir({ ffmpeg: '#!/bin/sh\necho "ffmpeg version $PUBLISH_KEY$HOME"\necho "libavutil 57. 28.100"\necho " V....D libx264 x"\necho " V....D aac x"\n' });
  await chmod(`${folder}/ffmpeg`, 0o755);
  process.env.PUBLISH_KEY = 'key-of-the-server';
  t.teardown(() => Reflect.deleteProperty(process.env, 'PUBLISH_KEY'));
  t.equal((await findFfmpeg({ path: `${folder}/ffmpeg` })).version, process.env.HOME);
});
