import { gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import t from 'tap';

import { BoxReader } from '../../src/fmp4/box-reader.js';
import { findBox } from '../../src/isobmff/boxes.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { LowLatencyClient } from '../helpers/low-latency-client.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';
import { findProgram, skipWithout, startOwned } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

const missing = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
t.setTimeout(90_000);

const picture = (filter = 'null', rate = 30): string[] => ['-re', '-f', 'lavfi', '-i', `testsrc2=s=320x180:r=${String(rate)},${filter}`];
const sound = ['-re', '-f', 'lavfi', '-i', 'sine=440:r=48000'];
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1', '-pix_fmt', 'yuv420p', '-vsync', 'passthrough', '-force_key_frames', 'expr:gte(t,n_forced*2)', '-g', '600'];

/** Sources an origin must keep the rules with: what ffmpeg is told, and for how long. */
const sources = {
  steady: { input: [...picture(), ...sound, ...h264], seconds: 21 },
  // Gaps of 20 to 120 ms.
  jittery: { input: [...picture("select='lt(random(1),0.4)+gte(t-prev_selected_t,0.1)+isnan(prev_selected_t)'", 50), ...sound, ...h264], seconds: 16 },
  'sound-only': { input: sound, seconds: 12 },
  // Nothing at all comes for 8 s, and its clock goes on.
  stalling: { input: [...picture("select='lt(t,5)+gte(t,13)'"), ...h264], seconds: 18 },
} as const;

type SourceName = keyof typeof sources;

t.test('the rules of low-latency HLS hold on a running origin', { skip: missing }, async (t) => {
  const server = await startServer(t, { WINDOW_SEGMENTS: '8' });
  const clients = new Map<SourceName, LowLatencyClient>();

  await Promise.all(
    (Object.keys(sources) as SourceName[]).map(async (name) => {
      const publisher = new TestPublisher(t, server.publishUrl(name));
      await publisher.message('ready');
      const client = new LowLatencyClient();
      clients.set(name, client);
      const following = client.follow(server.hlsUrl(name));
      const { input, seconds } = sources[name];
      const container = ['-c:a', 'libopus', '-f', 'matroska', '-cluster_time_limit', '50', '-flush_packets', '1', 'pipe:1'];
      const encoder = startOwned(t, 'ffmpeg', ['-v', 'error', '-nostdin', ...input, '-t', String(seconds), ...container], { stdio: ['ignore', 'pipe', 'inherit'] });
      for await (const chunk of encoder.stdout ?? []) await publisher.send(chunk as Buffer);
      if (name === 'steady') await liveAnswers(client);
      await publisher.end();
      await following;
    }),
  );

  /** What is asked of a playlist while it is live: rules 22 to 25, 30, 32, 33 and 35. */
  async function liveAnswers(client: LowLatencyClient): Promise<void> {
    const last = client.playlists.at(-1)?.segments.at(-1)?.sequenceNumber ?? 0;
    const ask = async (query: string): Promise<{ status: number; cacheControl: string | null; ms: number; text: string }> => {
      const startMs = performance.now();
      const response = await fetch(`${client.mediaUrl}${query}`);
      return { status: response.status, cacheControl: response.headers.get('cache-control'), text: await response.text(), ms: performance.now() - startMs };
    };
    await t.test('rules 24 and 25: the oldest request is answered at once, an impossible one refused at once', async (t) => {
      for (const [query, status] of [['?_HLS_msn=0', 200], ['?_HLS_msn=0&_HLS_part=99', 200], [`?_HLS_msn=${last + 9}`, 400], ['?_HLS_part=1', 400], ['?_HLS_msn=-1', 400], ['?_HLS_msn=x', 400]] as const) {
        const answer = await ask(query);
        t.equal(answer.status, status, query);
        t.ok(answer.ms < 1000, `${query}: ${answer.ms.toFixed(0)} ms`);
      }
    });
    await t.test('rules 28 and 32: unknown keys change nothing; what is not held is kept for half a target duration', async (t) => {
      const [plain, keyed] = await Promise.all([ask('?_HLS_msn=0'), ask('?_HLS_msn=0&zebra=1')]);
      t.equal(keyed.text, plain.text);
      t.match(await ask(''), { status: 200, cacheControl: 'max-age=1' });
      t.match(await ask(`?_HLS_msn=${last + 9}`), { cacheControl: 'no-store' }, 'what is too early now is asked by everybody a moment later');
    });
    await t.test('rule 30: media that never was is not found', async (t) => {
      const response = await fetch(new URL('99999.3.m4s', client.mediaUrl));
      await response.arrayBuffer();
      t.equal(response.status, 404);
      t.equal(response.headers.get('cache-control'), 'no-store', 'a cache that kept it would keep it from everybody when it comes');
    });
    await t.test('rules 33 and 35: playlists come gzipped, with their type, for every page', async (t) => {
      const { headers, body } = await new Promise<{ headers: object; body: Buffer }>((resolve, reject) => {
        get(client.mediaUrl, { headers: { 'accept-encoding': 'gzip', origin: 'https://elsewhere.example' } }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
        }).on('error', reject);
      });
      t.match(headers, { 'content-encoding': 'gzip', 'content-type': 'application/vnd.apple.mpegurl', 'access-control-allow-origin': '*' });
      t.match(gunzipSync(body).toString(), /^#EXTM3U\n/);
    });
  }

  for (const [name, client] of clients) {
    await t.test(`${name}: rules 1 to 9, 13 to 16, 20 and 29: no playlist breaks one, alone or after another`, async (t) => {
      t.strictSame(violations(client.playlists), []);
      // On a busy machine they are fewer: what counts is that some were looked at.
      t.ok(client.playlists.length > 5, `${client.playlists.length} playlists`);
      t.ok(client.playlists.at(-1)?.hasEnded);
    });

    await t.test(`${name}: rules 20, 27 and 29: what is listed is there, hints come true, deltas merge to the whole`, async (t) => {
      t.strictSame(client.faults, []);
      t.ok(client.hints > 3, `${client.hints} hinted parts`);
      t.notOk([...client.cacheControls].some((each) => !['playlist max-age=12', 'media max-age=12'].includes(each)), [...client.cacheControls].join());
    });

    await t.test(`${name}: rules 7, 18 and 19: a segment is its parts one after another, begins with a keyframe, and parts tell of theirs`, async (t) => {
      let compared = 0;
      for (const { uri = '', mapUri = '', sequenceNumber } of client.segments) {
        const [bytes, init] = [client.media.get(uri), client.media.get(mapUri)];
        if (!bytes || !init) continue;
        const lead = readInitSegment(init).tracks[0]?.trackId;
        const keyframes = (media: Buffer): boolean[] =>
          new FragmentReader().push(media).flatMap((event) => (event.type === 'fragment' ? event.fragment.runs.filter(({ trackId, sampleCount }) => trackId === lead && sampleCount > 0) : [])).map(({ startsWithSync }) => startsWithSync);
        t.equal(keyframes(bytes)[0], true, `segment ${String(sequenceNumber)} begins with a keyframe`);
        const parts = client.partsOf(sequenceNumber);
        const media = parts.map((part) => client.media.get(part.uri));
        for (const [index, part] of parts.entries()) if (media[index]) t.equal(part.isIndependent, keyframes(media[index]).includes(true), part.uri);
        if (parts.length === 0 || media.includes(undefined)) continue;
        t.ok(Buffer.concat(media as Buffer[]).equals(bytes), `segment ${String(sequenceNumber)} is its parts`);
        compared++;
      }
      t.ok(compared > 1, `${compared} segments`);
    });

    await t.test(`${name}: rule 36: the multivariant playlist says what the init segment does`, async (t) => {
      t.strictSame([...multivariantViolations(client.multivariant)], []);
      const init = client.media.get(client.segments[0]?.mapUri ?? '') ?? Buffer.alloc(0);
      t.match(client.multivariant, `CODECS="${readInitSegment(init).codecs}"`);
    });

    await t.test(`${name}: rule 37: the init segment has no samples, no duration and no edit list, fragments their own base`, async (t) => {
      const init = client.media.get(client.segments[0]?.mapUri ?? '') ?? Buffer.alloc(0);
      t.match(init.toString('latin1', 8, init.readUInt32BE(0)), /iso6/);
      const moov = findBox(init, ['moov'], { start: 0, end: init.length });
      const mvhd = moov && findBox(init, ['mvhd'], moov);
      t.ok(moov && findBox(init, ['mvex'], moov));
      t.equal(mvhd && init.readUInt32BE(mvhd.start + 16), 0);
      const media = client.media.get(client.segments.find(({ uri }) => client.media.has(uri ?? ''))?.uri ?? '') ?? Buffer.alloc(0);
      for (const { type, bytes } of new BoxReader().push(media)) {
        const tfhd = type === 'moof' ? findBox(bytes, ['traf', 'tfhd'], { start: 8, end: bytes.length }) : undefined;
        if (tfhd && (bytes.readUIntBE(tfhd.start + 1, 3) & 0x020001) !== 0x020000) t.fail('expected moof to be the base of a fragment');
      }
    });
  }

  await t.test('rule 27: a long enough playlist is sent as a delta', async (t) => {
    t.ok([...clients.values()].reduce((sum, { deltas }) => sum + deltas, 0) > 0);
  });

  await t.test('rules 11 and 26: a stall is told after three target durations, and what follows is a discontinuity that skips it', async (t) => {
    const { stalls, segments } = clients.get('stalling') ?? new LowLatencyClient();
    t.ok(stalls.length >= 1);
    for (const { status, afterMs, cacheControl } of stalls) {
      t.equal(status, 503);
      t.ok(afterMs > 5900 && afterMs < 7500, `${afterMs.toFixed(0)} ms`);
      t.equal(cacheControl, 'max-age=1');
    }
    const after = segments.findIndex(({ isDiscontinuity }) => isDiscontinuity);
    const before = segments[after - 1];
    t.ok(after > 0);
    const endMs = Date.parse(before?.programDateTime ?? '') + (before?.durationSeconds ?? 0) * 1000;
    const holeMs = Date.parse(segments[after]?.programDateTime ?? '') - endMs;
    t.ok(holeMs > 7000 && holeMs < 8500, `the date-time jumps by ${holeMs} ms`);
  });
});
