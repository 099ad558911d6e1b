import t from 'tap';
import { qualities } from '../../../src/web/sdk/quality.js';
import { Listeners } from '../../../src/web/sdk/listeners.js';
import type { PublisherEvents } from '../../../src/web/sdk/publisher-events.js';
import { pickedPlace, piecesPlace, type CopyPlace } from '../../../src/web/sdk/publishing/copy/copy-places.js';
import { LocalCopy } from '../../../src/web/sdk/publishing/copy/local-copy.js';
import { leftCopies, privatePieces, type PrivateParts } from '../../../src/web/sdk/publishing/copy/private-files.js';
import { FakeDisk, FakeFile, FakeFolder, FakeLocks } from './fake-files.js';
import { settle } from './fake-media.js';
import { publisherBench } from './publisher-bench.js';

class Sender extends Listeners<PublisherEvents> {
  end: (outcome: null) => void = () => undefined;
  readonly closed = new Promise<null>((resolve) => (this.end = resolve));

  record(mimeType = 'video/x-matroska;codecs=avc1,opus'): void {
    this.emit('recording', { mimeType });
  }

  send(text: string): void {
    this.emit('chunk', new TextEncoder().encode(text));
  }
}

function bench(options: { picked?: boolean; bytesOfPiece?: number; firstCommit?: number } = {}) {
  const disk = new FakeDisk();
  const root = new FakeFolder(disk);
  const locks = new FakeLocks();
  const parts = { root: () => Promise.resolve(root), locks } as unknown as PrivateParts;
  const picked = new FakeFile('my show.mkv', disk);
  const sender = new Sender();
  const news: string[] = [];
  const begin = async (): Promise<LocalCopy> => {
    const kept = piecesPlace(await privatePieces(parts), options.bytesOfPiece ?? 4);
    const first: CopyPlace = options.picked ? pickedPlace(picked as unknown as FileSystemFileHandle, options.firstCommit) : kept;
    const copy = new LocalCopy(sender, 'show', { first, next: kept });
    copy.on('file', ({ name, number }) => news.push(`${String(number)} ${name}`));
    copy.on('failed', ({ reason, message }) => news.push(`${reason}: ${message}`));
    return copy;
  };
  return { disk, root, locks, parts, picked, sender, news, begin };
}

const textOf = (blob: Blob | undefined): Promise<string> => blob?.text() ?? Promise.resolve('none');

t.test('what is sent is in the picked file, in order, when the broadcast is over', async (t) => {
  const { sender, picked, begin, news } = bench({ picked: true });
  const copy = await begin();
  sender.send('of the recording before: ');
  sender.record();
  for (const text of ['head ', 'one ', 'two']) sender.send(text);
  sender.end(null);
  const files = await copy.stop();
  t.equal(picked.content.toString(), 'head one two');
  t.match(files, [{ name: 'my show.mkv', byteLength: 12, blob: undefined }]);
  t.equal(copy.byteLength, 12);
  t.strictSame(news, ['1 my show.mkv']);
  sender.send('late');
  t.equal(await copy.stop(), files, 'every call resolves with the same');
});

t.test('a recording that begins anew goes into another file, which is named and numbered', async (t) => {
  const { sender, picked, begin, news } = bench({ picked: true });
  const copy = await begin();
  sender.record();
  sender.send('camera');
  sender.record('video/webm;codecs=vp8,opus');
  sender.send('screen, longer');
  sender.record('video/mp4');
  sender.send('x');
  const files = await copy.stop();
  t.equal(picked.content.toString(), 'camera');
  t.strictSame(news, ['1 my show.mkv', '2 show-2.webm', '3 show-3.mp4']);
  t.strictSame(await Promise.all(files.map(({ blob }) => textOf(blob))), ['none', 'screen, longer', 'x']);
});

t.test('endings are those of what is in the files', async (t) => {
  const { sender, begin, news } = bench();
  const copy = await begin();
  for (const type of ['video/webm;codecs=h264,opus', 'video/webm', 'audio/webm;codecs=opus', 'audio/mp4;codecs=mp4a.40.2', 'audio/ogg;codecs=opus', '']) {
    sender.record('video/of-nothing');
    sender.record(type);
    sender.send('x');
  }
  await copy.stop();
  t.strictSame(news.map((each) => each.split(' ')[0]), ['1', '2', '3', '4', '5', '6'], 'a recording that gives nothing has no file');
  t.strictSame(news.map((each) => each.split('.')[1]), ['mkv', 'webm', 'webm', 'm4a', 'ogg', 'mkv']);
});

t.test('a disk that is full ends the copy alone, says so once, and keeps what it took', async (t) => {
  for (const picked of [false, true]) {
    const { sender, disk, begin, news, picked: file } = bench({ picked, firstCommit: 4 });
    disk.room = 10;
    const copy = await begin();
    sender.record();
    for (const text of ['0123', '4567', '89ab', 'cdef']) sender.send(text);
    const files = await copy.stop();
    t.equal(news.filter((each) => each.startsWith('copy-failed')).length, 1);
    t.match(news.at(-1), /The disk is full.*kept/);
    t.match(files, [{ byteLength: 8 }]);
    t.equal(picked ? file.content.toString() : await textOf(files[0]?.blob), '01234567');
  }
});

t.test('a disk that refuses the very end, or the file itself, is told too', async (t) => {
  const end = bench({ bytesOfPiece: 4 });
  end.disk.room = 5;
  const copy = await end.begin();
  end.sender.record();
  end.sender.send('0123');
  end.sender.send('45');
  t.match(await copy.stop(), [{ byteLength: 4 }]);
  t.match(end.news.at(-1), /copy-failed/);

  const refused = bench();
  const never = new LocalCopy(refused.sender, 'show', { first: { open: () => Promise.reject(new Error('not allowed')) }, next: { open: () => Promise.reject(new Error('not allowed')) } });
  const failures: string[] = [];
  never.on('failed', ({ message }) => failures.push(message));
  refused.sender.record();
  refused.sender.send('x');
  t.strictSame(await never.stop(), []);
  t.match(failures, [/not allowed/]);
});

t.test('a disk that hangs ends the copy, within a bound of memory', async (t) => {
  const sender = new Sender();
  const hangs: CopyPlace = { open: (name) => Promise.resolve({ name, write: () => new Promise(() => undefined), close: () => Promise.resolve({ byteLength: 0, discard: () => Promise.resolve() }) }) };
  const copy = new LocalCopy(sender, 'show', { first: hangs, next: hangs });
  const failures: string[] = [];
  copy.on('failed', ({ message }) => failures.push(message));
  sender.record();
  for (let count = 0; count < 65; count++) sender.emit('chunk', new Uint8Array(1024 * 1024));
  t.match(failures, [/MB behind/]);
});

t.test('a picked file is put in its place each time that it is twice as large, and goes on behind that', async (t) => {
  const { sender, disk, begin, picked } = bench({ picked: true, firstCommit: 4 });
  const copy = await begin();
  sender.record();
  for (const text of 'abcdefghijklmnopqrst') sender.send(text);
  await copy.stop();
  t.equal(picked.content.toString(), 'abcdefghijklmnopqrst');
  t.equal(disk.commits, 4, 'at 4, 8 and 16 bytes, and at the end');
});

t.test('what a page that is gone has kept is found by the next page of its browser, and by no page beside it', async (t) => {
  const { sender, locks, parts, root, begin } = bench();
  await begin();
  sender.record();
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dd']) sender.send(text);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.strictSame(await leftCopies(parts), [], 'it is being written');
  locks.pageGone();
  const [left] = await leftCopies(parts);
  t.equal(left?.name, 'show.mkv');
  t.equal(await textOf(left?.blob), 'aaaabbbbcccc', 'all whole pieces, in order');
  await left?.discard();
  t.strictSame((await root.getDirectoryHandle('onair-copies')).names, []);
  t.strictSame(await leftCopies(parts), []);
});

t.test('a browser without files of its own keeps a copy in its memory, up to a bound', async (t) => {
  const place = piecesPlace(await privatePieces({ root: () => Promise.resolve(undefined), locks: undefined }, 10), 4);
  const file = await place.open('a.mkv');
  await file.write(Buffer.from('0123'));
  await file.write(Buffer.from('4567'));
  await t.rejects(file.write(Buffer.from('89ab')), { message: /no files/ });
  const { blob, discard } = await file.close();
  t.equal(await textOf(blob), '01234567');
  await discard();
  const next = await place.open('b.mkv');
  await next.write(Buffer.from('0123'));
  t.equal((await next.close()).byteLength, 4, 'there is room again');
});

t.test('a Publisher gives its copy every byte that it sends, across joints', async (t) => {
  const { publisher, last, goOnAir, recorders } = publisherBench(t);
  const place = piecesPlace(await privatePieces({ root: () => Promise.resolve(undefined), locks: undefined }));
  const copy = new LocalCopy(publisher, 'show', { first: place, next: place });
  await goOnAir();
  recorders[0]?.give(1, 2);
  await publisher.setQuality(qualities[0]);
  recorders[1]?.give(3);
  await settle();
  const ended = publisher.end();
  await settle();
  last().say({ type: 'ended', message: 'over' });
  await ended;
  const files = await copy.stop();
  const copied = await Promise.all(files.map(async ({ blob }) => [...Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer())]));
  t.strictSame(copied, [[1, 2, 19], [3, 29]], 'a file a recording');
  t.strictSame(copied.flat(), last().bytes, 'byte for byte what the socket was given');
});
