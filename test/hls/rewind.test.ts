import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { Encoded } from '../../src/hls/encoded.js';
import { SegmentArchive } from '../../src/live/segment-archive.js';
import { MemoryMediaStore } from '../../src/storage/memory-media-store.js';
import { MoodyStore } from '../helpers/bad-stores.js';
import { Filled, never, start, textOf } from '../helpers/filled.js';
import { mergeDelta } from '../helpers/merge-delta.js';
import { readAttributes, readMediaPlaylist, type ReadPlaylist } from '../helpers/playlist-reader.js';
import { violations } from '../helpers/playlist-rules.js';
import { turns } from '../live/fake-studio.js';

const rewindSeconds = 120;

function archive(store: MemoryMediaStore): SegmentArchive & { failures: Error[] } {
  const failures: Error[] = [];
  const onFailure = (error: Error): void => void failures.push(error);
  return Object.assign(new SegmentArchive({ store, onWriteFailure: onFailure, onReadFailure: onFailure }), { failures });
}

function rewinding(store = new MemoryMediaStore(), seconds = rewindSeconds): { filled: Filled; store: MemoryMediaStore; keeper: SegmentArchive & { failures: Error[] } } {
  const keeper = archive(store);
  return { filled: new Filled({ listedSegments: 6, rewindSeconds: seconds, keeper }), store, keeper };
}

async function segments(filled: Filled, count: number): Promise<void> {
  for (let segment = 0; segment < count; segment++) {
    filled.segments(1);
    await turns(4);
  }
}

const rewindText = async ({ rendition }: Filled, directives = {}): Promise<string> => textOf(await rendition.rewindPlaylist('dvr', directives, never));
const rewindPlaylist = async (filled: Filled): Promise<ReadPlaylist> => readMediaPlaylist(await rewindText(filled));

async function mediaOf({ rendition }: Filled, name: string): Promise<Buffer | undefined> {
  const { body } = await rendition.media(name, never);
  if (!body || Buffer.isBuffer(body)) return body;
  return body instanceof Encoded ? undefined : buffer(await body.open(0, body.byteLength));
}

t.test('the longer playlist goes back as far as was asked for, obeys the rules of every playlist, and all it lists can be had', async (t) => {
  const { filled, keeper } = rewinding();
  const seen: ReadPlaylist[] = [];
  const whole = new Map<string, Buffer>();
  for (let segment = 0; segment < 150; segment++) {
    if (segment % 40 === 33) filled.restart(start + segment * 2500);
    await segments(filled, 1);
    const playlist = await rewindPlaylist(filled);
    seen.push(playlist);
    const newest = playlist.segments.at(-1)?.uri ?? '';
    whole.set(newest, (await mediaOf(filled, newest))!);
    if (segment % 10 !== 0) continue;
    for (const { uri = '', mapUri = '' } of playlist.segments) {
      t.ok((await mediaOf(filled, uri))?.equals(whole.get(uri)!), uri);
      t.ok(await mediaOf(filled, mapUri), mapUri);
    }
  }
  t.strictSame(violations(seen), []);
  for (const { segments: listed, mediaSequence } of seen) {
    const seconds = listed.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);
    t.ok(mediaSequence === 0 ? seconds <= rewindSeconds + 2 : Math.abs(seconds - rewindSeconds) <= 2, `${seconds} s from ${mediaSequence} on`);
  }
  t.ok(seen.every(({ lines }) => lines.includes('#EXT-X-START:TIME-OFFSET=-6')), 'players begin near its end');
  t.ok(seen.every(({ segments: listed }) => listed.every(({ parts }) => parts.length === 0)), 'it lists no parts');
  t.strictSame(keeper.failures, []);
});

t.test('the ordinary playlist and its media are the same, letter by letter, with a rewind and without', async (t) => {
  const { filled } = rewinding();
  const plain = new Filled({ listedSegments: 6, keeper: archive(new MemoryMediaStore()) });
  for (let segment = 0; segment < 80; segment++) {
    for (const each of [filled, plain]) {
      each.part();
      await segments(each, 1);
    }
    const [with_, without] = await Promise.all([filled, plain].map(async (each) => textOf(await each.rendition.mediaPlaylist({}, never))));
    t.equal(with_, without);
  }
  t.equal(textOf(filled.presentation.multivariant()), textOf(plain.presentation.multivariant()));
  t.equal((await plain.rendition.rewindPlaylist('dvr', {}, never)).outcome, 'to-come');
  t.match(plain.presentation.rewindMultivariant(), { outcome: 'to-come', message: /DVR_SECONDS/ });
});

t.test('a segment that left the longer playlist stays for as long as it may still be wanted, and then leaves the store', async (t) => {
  const { filled, store } = rewinding(undefined, 40);
  await segments(filled, 60);
  const { mediaSequence } = await rewindPlaylist(filled);
  t.equal(mediaSequence, 40);
  // Two seconds of its own and forty of the playlist.
  t.ok(await mediaOf(filled, '19.m4s'));
  t.equal((await filled.rendition.media('18.m4s', never)).outcome, 'gone');
  t.strictSame(store.names, ['init-0.mp4', ...Array.from({ length: 41 }, (_none, index) => `${index + 19}.m4s`)]);
  t.equal((await filled.rendition.media('30.2.m4s', never)).outcome, 'gone', 'parts go with the ordinary window');
});

t.test('two hours of history cost the memory of the live edge, however long it goes on', async (t) => {
  const { filled } = rewinding(undefined, 7200);
  await segments(filled, 50);
  const atFirst = filled.presentation.bytesInMemory;
  await segments(filled, 1000);
  t.ok(filled.presentation.bytesInMemory <= atFirst * 1.1, `${filled.presentation.bytesInMemory} bytes, ${atFirst} at first`);
  t.equal((await rewindPlaylist(filled)).segments.length, 1050);
});

t.test('delta updates of the longer playlist give what the whole one says, and are short', async (t) => {
  const { filled } = rewinding();
  await segments(filled, 50);
  let known = await rewindText(filled);
  for (let segment = 0; segment < 20; segment++) {
    await segments(filled, 1);
    const [delta, whole] = await Promise.all([rewindText(filled, { _HLS_skip: 'YES' }), rewindText(filled)]);
    known = mergeDelta(known, delta);
    t.equal(known, whole);
    t.ok(delta.length < whole.length / 3);
  }
});

t.test('a request for a segment is answered when the longer playlist lists it', async (t) => {
  const { filled } = rewinding();
  await segments(filled, 3);
  const asked = rewindText(filled, { _HLS_msn: '3', _HLS_part: '1' });
  filled.part();
  filled.part();
  await turns();
  t.equal(filled.rendition.waiting, 1, 'parts are not waited for, since none is listed');
  await segments(filled, 1);
  t.match(await asked, /\n3\.m4s\n$/);
  const [waiting, ended] = [rewindText(filled, { _HLS_msn: '4' }), rewindPlaylist];
  filled.presentation.end();
  t.match(await waiting, /#EXT-X-ENDLIST\n$/);
  t.notMatch((await ended(filled)).text, 'EXT-X-START', 'what is over is played from its beginning');
});

t.test('each range of the keyframe playlist is one fragment that begins with a keyframe, in a playlist that a strict parser takes', async (t) => {
  const { filled } = rewinding();
  await segments(filled, 30);
  filled.restart(start + 100_000);
  await segments(filled, 10);
  const text = textOf(await filled.rendition.rewindPlaylist('iframes', {}, never));
  t.match(text, /#EXT-X-I-FRAMES-ONLY\n/);
  const playlist = readMediaPlaylist(text);
  t.strictSame(violations([playlist]), []);
  const ranges = [...text.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(.*)\n/g)];
  t.equal(ranges.length, 40);
  for (const [, byteLength, from, uri] of ranges) {
    const media = (await mediaOf(filled, uri ?? ''))!.subarray(Number(from), Number(from) + Number(byteLength));
    const [event, ...more] = new FragmentReader().push(media);
    if (event?.type !== 'fragment') throw new Error(`expected a fragment at ${from} of ${uri}`);
    t.strictSame([event.fragment.bytes.length, more], [Number(byteLength), []]);
    t.ok(event.fragment.runs.some(({ startsWithSync }) => startsWithSync));
  }
});

t.test('its multivariant playlist names the longer playlists and their keyframes', async (t) => {
  const { filled } = rewinding();
  t.equal(filled.presentation.rewindMultivariant().outcome, 'not-yet');
  await segments(filled, 4);
  const lines = textOf(filled.presentation.rewindMultivariant()).split('\n');
  t.equal(lines[lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF')) + 1], 'run1/dvr.m3u8');
  const keyframes = readAttributes(lines.find((line) => line.startsWith('#EXT-X-I-FRAME-STREAM-INF'))?.split(':').slice(1).join(':') ?? '');
  t.match(keyframes, { URI: 'run1/iframes.m3u8', CODECS: 'avc1.42c01f', RESOLUTION: '640x360', BANDWIDTH: /^[1-9]\d*$/ });
});

t.test('what a store did not take is a gap once it leaves memory, and what it took before and after can be had', async (t) => {
  const store = new MoodyStore();
  const { filled } = rewinding(store);
  await segments(filled, 20);
  store.fails();
  await segments(filled, 5);
  store.mood = async () => undefined;
  await segments(filled, 30);
  const { segments: listed } = await rewindPlaylist(filled);
  t.strictSame(listed.filter(({ isGap }) => isGap).map(({ uri }) => uri), ['20.m4s', '21.m4s', '22.m4s', '23.m4s', '24.m4s']);
  for (const { uri = '', isGap } of listed) {
    const { outcome, body } = await filled.rendition.media(uri, never);
    t.strictSame([outcome, body && 'byteLength' in body && body.byteLength === 0], ['lasting', isGap], uri);
  }
});
