import t from 'tap';

import { isApplication, readPublishTarget } from '../../src/rtmp/publish-target.js';

t.test('name, key and other parameters are found wherever encoders put them', async (t) => {
  t.strictSame(readPublishTarget('live', 'cam?key=k'), { stream: 'cam', keys: ['k'], query: {} });
  t.strictSame(readPublishTarget('live?ticket=7', 'cam?key=k&room=a%20b'), { stream: 'cam', keys: ['k'], query: { room: 'a b', ticket: '7' } });
  t.strictSame(readPublishTarget('live?key=k', 'cam'), { stream: 'cam', keys: ['k'], query: {} });
  t.strictSame(readPublishTarget('live/cam?key=k', ''), { stream: 'cam', keys: ['k'], query: {} }, 'an address without a stream key');
  t.strictSame(readPublishTarget('live/', 'cam?key=k').stream, 'cam');
});

t.test('a key counts as it is written and as it is meant', async (t) => {
  t.strictSame(readPublishTarget('live', 'cam?key=a%2Fb').keys, ['a/b', 'a%2Fb']);
  t.strictSame(readPublishTarget('live', 'cam?key=100%').keys, ['100%']);
  t.strictSame(readPublishTarget('live', 'cam?key=a=b').keys, ['a=b']);
});

t.test('there is one application', async (t) => {
  t.ok(['live', '/live', 'live/', 'live/cam', 'live?key=k'].every(isApplication));
  t.notOk(['', 'app', 'lively', 'app/live'].some(isApplication));
});
