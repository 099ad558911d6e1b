import { readFileSync } from 'node:fs';
import t from 'tap';
import { beginsRecording, SourceReader, type SourceEvent, type SourceTrack } from '../../src/source/source-reader.js';
import { described, entryPointsOf, eventsOf, fixture, fixtureNames, seeded, takesOf } from './fixture.js';

const ofType = <T extends SourceEvent['type']>(events: SourceEvent[], type: T): Extract<SourceEvent, { type: T }>[] =>
  events.filter((event): event is Extract<SourceEvent, { type: T }> => event.type === type);

/** What a viewer would be told. */
const named = new Set(['id', 'kind', 'codec', 'width', 'height', 'profile', 'level', 'sampleRate', 'channels']);
const opus = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48000, channels: 2 };

t.test('container, codecs and sizes are read from the bytes', async (t) => {
  const vp8 = { id: 1, kind: 'video', codec: 'vp8', width: 640, height: 360 };
  const expected = {
    'chromium-audio.webm': { container: 'webm', tracks: [{ ...opus, id: 1 }] },
    'chromium-h264.mkv': { container: 'matroska', tracks: [{ ...vp8, codec: 'h264', profile: 66, level: 31 }, opus] },
    'chromium-h264.mp4': { container: 'mp4', tracks: [{ ...vp8, codec: 'h264', profile: 66, level: 31 }, opus] },
    'chromium-restart-vp8.webm': { container: 'webm', tracks: [vp8, opus] },
    'chromium-still-vp8.webm': { container: 'webm', tracks: [vp8, opus] },
    'chromium-vp8.webm': { container: 'webm', tracks: [vp8, opus] },
    'chromium-vp9.webm': { container: 'webm', tracks: [{ ...vp8, codec: 'vp9' }, opus] },
    'firefox-vp8.webm': {
      container: 'webm',
      tracks: [{ ...vp8, height: 480 }, { ...opus, sampleRate: 44100, channels: 1 }],
    },
  };
  for (const name of fixtureNames) {
    const [take] = takesOf(fixture(name)).takes;
    const facts = take?.header.tracks.map((track) => Object.fromEntries(Object.entries(track).filter(([key]) => named.has(key))));
    t.same({ container: take?.header.container, tracks: facts }, expected[name], name);
    t.equal(take?.header.tracks.find(({ codec }) => codec === 'opus')?.configuration?.length, 19, `${name}: with what Opus must be told`);
  }
});

t.test('keyframes are told with their times, and where the structures begin that hold them', async (t) => {
  const keyframeTimes = (name: string): string[] =>
    ofType(eventsOf(fixture(name)), 'frame')
      .filter(({ kind, keyframe }) => kind === 'video' && keyframe)
      .map(({ timeSeconds }) => timeSeconds.toFixed(3));
  t.same(keyframeTimes('firefox-vp8.webm'), ['0.000', '7.522']);
  t.same(keyframeTimes('chromium-still-vp8.webm'), ['0.000', '3.992', '7.992', '11.992']);
  t.same(keyframeTimes('chromium-h264.mp4').slice(0, 4), ['0.000', '1.032', '2.049', '3.068']);
  for (const name of fixtureNames) {
    const bytes = fixture(name);
    for (const { offset } of entryPointsOf(bytes)) t.ok(['1f43b675', '6d6f6f66'].includes(bytes.toString('hex', offset, offset + 4)) || bytes.toString('latin1', offset + 4, offset + 8) === 'moof', `${name} at ${offset}`);
  }
});

t.test('every frame that ffprobe counts is told, sound and picture', async (t) => {
  const count = (name: string, kind: string): number =>
    ofType(eventsOf(fixture(name)), 'frame').filter((frame) => frame.kind === kind).length;
  t.same([count('chromium-h264.mkv', 'video'), count('chromium-h264.mkv', 'audio')], [265, 166]);
  t.same([count('chromium-h264.mp4', 'video'), count('chromium-h264.mp4', 'audio')], [232, 166]);
  t.same([count('firefox-vp8.webm', 'video'), count('firefox-vp8.webm', 'audio')], [300, 501]);
});

t.test('a recorder that starts anew is noticed at the byte of its new header', async (t) => {
  const name = 'chromium-restart-vp8.webm';
  const { chunks } = JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as {
    chunks: [number, number][];
  };
  const chunkOffsets = chunks.map((_, index) => chunks.slice(0, index).reduce((sum, [, bytes]) => sum + bytes, 0));
  const recordings = ofType(eventsOf(fixture(name)), 'recording').map(({ offset }) => offset);
  t.same(recordings, [0, 179075, 367943, 548112]);
  t.ok(recordings.every((offset) => chunkOffsets.includes(offset)), 'each begins with a message of its own');
});

t.test('a recording in another container may follow at a boundary', async (t) => {
  const [mkv, mp4] = [fixture('chromium-h264.mkv'), fixture('chromium-h264.mp4')];
  for (const pair of [[mkv, mp4], [mp4, mkv]] as const) {
    const events = eventsOf(Buffer.concat(pair), () => 1);
    t.same(ofType(events, 'recording').map(({ offset }) => offset), [0, pair[0].length]);
    t.equal(ofType(events, 'header').length, 2);
  }
});

const trackInShort = (track: SourceTrack): string => JSON.stringify({ ...track, configuration: track.configuration && Buffer.from(track.configuration).toString('hex') });
/** Events in short: all that is told of each, and a digest of its bytes. */
const inShort = (events: readonly SourceEvent[]): string =>
  events
    .map((event) => {
      if (event.type === 'frame') return `${described([event]).join()} ${event.offset}`;
      if (event.type === 'header') return `${event.header.container} ${event.header.tracks.map(trackInShort).join()}`;
      return event.type === 'track' ? trackInShort(event.track) : JSON.stringify(event);
    })
    .join('\n');

t.test('the events do not depend on how the bytes are sliced', async (t) => {
  for (const name of fixtureNames) {
    const bytes = fixture(name);
    const whole = inShort(eventsOf(bytes));
    t.ok(inShort(eventsOf(bytes, () => 1)) === whole, `${name}, byte by byte`);
    for (let seed = 1; seed <= 5; seed += 1) {
      const random = seeded(seed);
      t.ok(inShort(eventsOf(bytes, () => Math.ceil(random() ** 8 * 9000))) === whole, `${name}, seed ${seed}`);
    }
  }
});

t.test('a message that begins with a container header begins a recording, wherever the last one broke off', async (t) => {
  const bytes = fixture('chromium-vp8.webm');
  const reader = new SourceReader();
  reader.push(bytes.subarray(0, 100_000));
  t.match(reader.push(bytes).slice(0, 3), [{ type: 'recording', offset: 100_000 }, { type: 'header' }, { type: 'frame', offset: 100_208 }]);
  t.ok(beginsRecording(bytes));
  t.ok(beginsRecording(fixture('chromium-h264.mp4')));
  t.notOk(beginsRecording(bytes.subarray(0, 1)));
  t.notOk(beginsRecording(bytes.subarray(1)));
});

t.test('an announced recording begins at the next byte', async (t) => {
  const bytes = fixture('chromium-vp8.webm');
  const reader = new SourceReader();
  reader.push(bytes.subarray(0, 100_000));
  reader.beginRecording();
  const events = [...reader.push(bytes.subarray(0, 1)), ...reader.push(bytes.subarray(1, 5000))];
  t.match(events.slice(0, 3), [{ type: 'recording', offset: 100_000 }, { type: 'header' }, { type: 'frame', offset: 100_208 }]);
});

t.test('what is no media is refused in words', async (t) => {
  const reasonOf = (bytes: Uint8Array, sliceBytes = 3): string | undefined => ofType(eventsOf(bytes, () => sliceBytes), 'not-media')[0]?.reason;
  t.match(reasonOf(Buffer.from('{"type":"hello","name":"x"}')), /^expected WebM, Matroska, .*, got JSON text/);
  t.match(reasonOf(Buffer.from('<!DOCTYPE html><title>')), /got HTML or XML text/);
  t.match(reasonOf(Buffer.from('just some words in here')), /got text \("just/);
  t.match(reasonOf(Buffer.from('\u0089PNG\r\n\u001a\n\0\0\0\rIHDR....', 'latin1')), /got a PNG picture/);
  t.match(reasonOf(Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(300, 0x47)])), /got a GIF picture/);
  t.match(reasonOf(Buffer.alloc(2000, 1)), /got bytes that begin 01 01 01 01: if they are a recording, send all that the recorder gives/);
  t.match(reasonOf(fixture('chromium-vp8.webm').subarray(208, 9000)), /a WebM recording without its beginning: send all that the recorder gives, its first chunk first/);
  t.match(reasonOf(Buffer.from(fixture('chromium-vp8.webm').toString('base64', 0, 300))), /got a recording as base64 \("GkXf.*: send the bytes of the recording themselves: a page, each chunk with socket.send\(event.data\)/);
  t.match(reasonOf(Buffer.from('#EXTM3U\n#EXT-X-VERSION:3\n'), 100), /got an HLS playlist .*: let ffmpeg fetch what it lists/);
  t.match(reasonOf(Buffer.from([0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0, 0, 0, 1])), /bare H.264 or HEVC without a container: let ffmpeg wrap it/);
  t.match(reasonOf(Buffer.from([0xff, 0xf1, 0x4c, 0x80, 0x2e, 0x7f, 0xfc, 0x21])), /bare AAC without a container: let ffmpeg wrap it/);
  t.match(reasonOf(Buffer.concat([fixture('chromium-h264.mp4').subarray(0, 36), Buffer.from('\0\0\0\u0010mdat12345678')])), /after the media/);
  t.match(eventsOf(Buffer.from('short')), [{ type: 'not-media', reason: /got text \("shor/ }], 'a few bytes are enough to tell');
  t.same(eventsOf(Buffer.from([0x1a])), [], 'what may become a container is waited for');
});

t.test('a header that never ends is given up', async (t) => {
  const ebml = fixture('chromium-vp8.webm').subarray(0, 36);
  const endless = Buffer.from([0x16, 0x54, 0xae, 0x6b, 0x08, 0x7f, 0xff, 0xff, 0xff]);
  t.match(eventsOf(Buffer.concat([ebml, endless])).at(-1), { type: 'not-media', reason: /too long/ });
  const moov = Buffer.from('\u007f\0\0\0moov', 'latin1');
  const mp4 = Buffer.concat([fixture('chromium-h264.mp4').subarray(0, 36), moov]);
  t.match(eventsOf(mp4).at(-1), { type: 'not-media', reason: /too long/ });
});

t.test('a frame larger than any picture is neither kept nor waited for', async (t) => {
  const bytes = fixture('chromium-vp8.webm');
  const cluster = bytes.subarray(0, 230);
  const reader = new SourceReader();
  reader.push(cluster.subarray(0, 208));
  const block = Buffer.from([0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe7, 0x81, 0]);
  reader.push(block);
  reader.push(Buffer.from([0xa3, 0x08, 0x3f, 0xff, 0xff, 0xff, 0x81, 0, 0, 0x80])); // a block of 1 GiB
  const before = process.memoryUsage().arrayBuffers;
  const slice = Buffer.alloc(1024 * 1024, 0xa3);
  for (let count = 0; count < 500; count += 1) reader.push(slice);
  t.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
});

t.test('garbage neither throws nor loops', async (t) => {
  const random = seeded(7);
  const originals = fixtureNames.map((name) => fixture(name).subarray(0, 6000));
  let recovered = 0;
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Buffer.from(originals[round % originals.length] ?? []);
    const changes = 1 + Math.floor(random() * 20);
    for (let change = 0; change < changes; change += 1) {
      const at = Math.floor(random() ** 2 * bytes.length);
      bytes[at] = Math.floor(random() * 256);
      if (random() < 0.1) bytes.fill(random() < 0.5 ? 0xff : 0, at, Math.min(at + 8, bytes.length));
    }
    const reader = new SourceReader();
    const events = reader.push(bytes);
    if (events.some(({ type }) => type === 'not-media')) continue;
    if (reader.push(originals[0] ?? Buffer.alloc(0)).some(({ type }) => type === 'recording')) recovered += 1;
    else t.fail(`round ${round}: a new recording was not noticed`);
  }
  t.ok(recovered > 1000);
  for (let round = 0; round < 500; round += 1) {
    eventsOf(Buffer.from(Array.from({ length: 300 }, () => Math.floor(random() * 256))), () => 1 + random() * 40);
  }
});
