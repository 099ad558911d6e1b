import t from 'tap';
import { endLeftBroadcast, readBroadcast } from '../../../src/web/ui/left-broadcast.js';
import { FakePage } from '../sdk/fake-page.js';
import { forget, recall, remember } from '../../../src/web/ui/remembered.js';

t.test('whatever stands in a tab’s storage, only a broadcast is read as one', async (t) => {
  for (const item of [undefined, '', '{', 'null', '7', '[]', '{"broadcast":1,"resumeToken":"t"}', '{"broadcast":"b"}']) t.equal(readBroadcast(item), undefined, String(item));
  t.strictSame(readBroadcast('{"broadcast":"b","resumeToken":"t"}'), { broadcast: 'b', resumeToken: 't' });
});

t.test('a browser that refuses storage loses what was remembered, and nothing else', async (t) => {
  const storage = { get localStorage(): Storage { throw new DOMException('', 'SecurityError'); } };
  Object.assign(globalThis, { window: storage });
  t.teardown(() => Reflect.deleteProperty(globalThis, 'window'));
  remember('a', 'b');
  forget('a');
  t.equal(recall('a'), undefined);
});

t.test('a left broadcast is ended over a line that breaks first, and nothing is left behind', async (t) => {
  const page = new FakePage();
  const over = endLeftBroadcast({ stream: 's', resumeToken: 'token' }, 'key', page);
  page.socket.drop();
  await page.pass(1_000);
  t.equal(page.sockets.length, 2, 'it is tried again');
  t.match(page.socket.url, 'resume=token');
  page.socket.ready();
  page.socket.say({ type: 'ended' });
  page.socket.drop(1000);
  await over;
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});

t.test('a server that does not answer does not keep a person from going on', async (t) => {
  const page = new FakePage();
  const over = endLeftBroadcast({ stream: 's', resumeToken: 'token' }, 'key', page);
  await page.pass(6_000);
  t.ok(page.sockets.length > 1, 'a connect that hangs is not waited for');
  await page.pass(5_000);
  await over;
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});
