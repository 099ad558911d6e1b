import { text } from 'node:stream/consumers';
import t from 'tap';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { FakeObjectStore } from '../helpers/fake-object-store.js';

const type = { contentType: 'video/mp4' };

async function read(store: ObjectStore, key: string, range?: { start: number; byteLength: number }): Promise<string | undefined> {
  const found = await store.open(key, range);
  return found && text(found);
}

async function all<T>(each: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of each) found.push(one);
  return found;
}

t.test('objects come back as they were put, whole or a range of them, and are gone when they are removed', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const store = fake.client();
  await store.put('a/0.m4s', Buffer.from('0123456789'), type);
  t.strictSame(fake.keys, ['a/0.m4s']);
  t.equal(await read(store, 'a/0.m4s'), '0123456789');
  t.equal(await read(store, 'a/0.m4s', { start: 2, byteLength: 3 }), '234');
  t.equal(await store.sizeOf('a/0.m4s'), 10);
  await t.rejects(store.open('a/0.m4s', { start: 8, byteLength: 3 }), /gave 2 bytes of a\/0\.m4s/);
  const url = await store.signedUrl('a/0.m4s', 60);
  t.equal(await (await fetch(url)).text(), '0123456789', 'a signed address needs nothing else');
  t.match(url, /X-Amz-Expires=60/);
  t.match(await store.read('a/0.m4s'), { bytes: Buffer.from('0123456789'), etag: /^"/, lastModified: String });
  await store.remove('a/0.m4s');
  await store.remove('a/0.m4s');
  t.equal(await store.open('a/0.m4s'), undefined);
  t.equal(await store.read('a/0.m4s'), undefined);
  t.equal(await store.sizeOf('a/0.m4s'), undefined);
});

t.test('of two who write the same object one is told so, whether it is new or is changed', async (t) => {
  const store = (await FakeObjectStore.start(t)).client();
  const put = (body: string, condition: 'absent' | { etag: string }): Promise<string> => store.put('a', Buffer.from(body), { ...type, condition });
  const etag = await put('first', 'absent');
  await t.rejects(put('second', 'absent'), /refused with 412/);
  const next = await put('third', { etag });
  await t.rejects(put('fourth', { etag }), /refused with 412/);
  t.not(next, etag);
  t.equal(await read(store, 'a'), 'third');
});

t.test('folders and what is in them are listed, however many pages it takes', async (t) => {
  const fake = await FakeObjectStore.start(t);
  fake.pageSize = 2;
  const store = fake.client();
  for (const key of ['a/0', 'a/1', 'a/2', 'b/0', 'c/x/0', 'top']) await store.put(key, Buffer.from(key), type);
  t.strictSame(await all(store.folders()), ['a', 'b', 'c']);
  const listed = await all(store.objects('a/'));
  t.strictSame(listed.map(({ key, byteLength }) => ({ key, byteLength })), ['a/0', 'a/1', 'a/2'].map((key) => ({ key, byteLength: 3 })));
  t.equal(listed[0]?.etag, (await store.read('a/0'))?.etag);
  t.ok(Math.abs(Date.now() - Date.parse(listed[0]?.lastModified ?? '')) < 3_600_000);
  t.strictSame(await all(store.objects('d/')), []);
});

t.test('a store that refuses, hangs or is not there is told in words, and when to come back', async (t) => {
  const fake = await FakeObjectStore.start(t);
  const store = fake.client();
  fake.mood = () => ({ status: 503, headers: { 'retry-after': '7' } });
  await t.rejects(store.put('a', Buffer.from('a'), type), { message: 'the object store refused with 503 (SlowDown)', status: 503, retryAfterSeconds: 7 });
  fake.mood = () => 'hang';
  await t.rejects(fake.client({ timeoutMs: 200 }).sizeOf('a'), { message: 'the object store did not answer within 200 ms', status: undefined });
  fake.mood = () => undefined;
  await t.rejects(fake.client({ accessKeyId: 'wrong' }).read('a'), /refused with 403 \(AccessDenied\)/);
  await t.rejects(fake.client({ endpoint: 'http://127.0.0.1:1' }).read('a'), /can not be reached \(.+\)/);
});
