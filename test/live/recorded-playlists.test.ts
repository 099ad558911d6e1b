import t from 'tap';
import { RecordedPlaylists } from '../../src/live/recorded-playlists.js';
import type { Recordings } from '../../src/live/recordings.js';

t.test('the manifest of a recording that ended is read once, however many ask; one that could not be read is read anew', async (t) => {
  let reads = 0;
  let works = false;
  const segment = { type: 'segment', uri: '0.m4s', mapUri: 'init-0.mp4', mediaSequence: 0, durationSeconds: 2, byteLength: 10, programDateTimeMs: 0, keyframeBytes: 5 };
  const manifest = async (): Promise<unknown> => {
    reads++;
    if (!works) throw new Error('the disk does not answer');
    return { start: { targetDurationSeconds: 2 }, inits: new Map(), segments: [segment], renditions: new Map(), description: undefined, end: undefined };
  };
  let state = 'complete';
  const playlists = new RecordedPlaylists({ get: () => ({ state }), manifest } as unknown as Recordings);
  await t.rejects(playlists.of('a', { kind: 'media' }), /does not answer/);
  works = true;
  const asked = await Promise.all(Array.from({ length: 50 }, () => playlists.of('a', { kind: 'media' })));
  t.equal(reads, 2);
  t.equal(new Set(asked).size, 1);
  for (let other = 0; other < 40; other++) await playlists.of(`other-${other}`, { kind: 'media' });
  await playlists.of('a', { kind: 'media' });
  t.equal(reads, 43, 'and only the last that were asked for are kept');
  state = 'recording';
  await playlists.of('a', { kind: 'media' });
  t.equal(reads, 44, 'one that grows is another');
});

t.test('which segments are gaps is known of many recordings at a time: it is asked with each segment that a client is sent on for', async (t) => {
  let reads = 0;
  const manifest = async (): Promise<unknown> => {
    reads++;
    return { segments: [{ uri: '0.m4s' }, { uri: '1.m4s', gap: true }], renditions: new Map() };
  };
  const playlists = new RecordedPlaylists({ get: () => ({ state: 'complete' }), manifest } as unknown as Recordings);
  for (let round = 0; round < 3; round++) {
    for (let id = 0; id < 40; id++) t.strictSame([await playlists.isGap(`${id}`, '0.m4s'), await playlists.isGap(`${id}`, '1.m4s')], [false, true]);
  }
  t.equal(reads, 40);
  for (let id = 40; id < 4000; id++) await playlists.isGap(`${id}`, '0.m4s');
  await playlists.isGap('0', '0.m4s');
  t.equal(reads, 4001, 'and not of all that there ever were');
});
