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

t.test('a stream key as long as anybody has is read, and a longer one is no name', async (t) => {
  const key = 'k'.repeat(3000);
  t.strictSame(readPublishTarget('live', `cam?key=${key}`).keys, [key]);
  t.strictSame(readPublishTarget('live', `cam?key=k&x=${'%C3'.repeat(2000)}`), { stream: '', keys: [], query: {} });
  const many = Array.from({ length: 63 }, (_, index) => `p${index}=${index}`).join('&');
  t.equal(Object.keys(readPublishTarget('live', `cam?key=k&${many}`).query).length, 63);
  t.equal(Object.keys(readPublishTarget('live', `cam?key=k&${many}&more=1`).query).length, 63);
});
