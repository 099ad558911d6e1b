import t from 'tap';
import { readBroadcast } from '../../../src/web/ui/left-broadcast.js';
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
