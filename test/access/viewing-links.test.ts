import t from 'tap';
import { ViewingLinks } from '../../src/access/viewing-links.js';

const viewKey = 'a view key of 16+';

t.test('a link opens its own stream until it expires', async (t) => {
  let nowMs = 1_800_000_000_000;
  const links = new ViewingLinks({ viewKey, now: () => nowMs });
  const { token, expiresAt } = links.sign('cam', 60);
  t.equal(expiresAt, '2027-01-15T08:01:00.000Z');
  t.match(token, /^[0-9a-z]+\.[A-Za-z0-9_-]{43}$/, 'fits into a path as it is');
  t.doesNotThrow(() => links.require('cam', token));
  t.throws(() => links.require('other', token), { code: 'unauthorized', message: /not made for "other"/ });
  t.throws(() => links.require('cam', undefined), { code: 'unauthorized', message: /without a signature/ });
  nowMs += 60_000;
  t.throws(() => links.require('cam', token), { code: 'unauthorized', message: /expired/ });
});

t.test('no part of a token can be changed, and another key signs another token', async (t) => {
  const links = new ViewingLinks({ viewKey });
  const { token } = links.sign('cam', 60);
  const [expiry = '', signature = ''] = token.split('.');
  const later = (parseInt(expiry, 36) + 1000).toString(36);
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  for (const forged of ['', '.', expiry, `${later}.${signature}`, `${expiry}.${flipped}`, `0${token}`, `${token}=`, `${token} `, token.toUpperCase(), new ViewingLinks({ viewKey: `${viewKey}!` }).sign('cam', 60).token]) {
    t.throws(() => links.require('cam', forged), { code: 'unauthorized' }, forged);
  }
});
