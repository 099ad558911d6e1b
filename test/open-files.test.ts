import t from 'tap';
import { fittingConnections, openFilesLimit } from '../src/open-files.js';

t.test('the system says how many files this process may open', async (t) => {
  const limit = openFilesLimit();
  t.ok(limit === undefined || limit >= 64, String(limit));
});

t.test('connections that fit are taken as asked; a quarter of the descriptors is for everything else', async (t) => {
  t.strictSame(fittingConnections(750, 1000), { maxConnections: 750, warning: undefined });
  t.strictSame(fittingConnections(25_000, undefined), { maxConnections: 25_000, warning: undefined });
  t.strictSame(fittingConnections(25_000, 65_536), { maxConnections: 25_000, warning: undefined });
});

t.test('more than fit are as many as fit, and the operator is told the number and how to raise it, which then suffices', async (t) => {
  const { maxConnections, warning = '' } = fittingConnections(25_000, 1024);
  t.equal(maxConnections, 768);
  t.match(warning, /MAX_CONNECTIONS is 25000, but this process may open 1024 files, so 768 connections are taken/);
  const [, needed] = /ulimit -n (\d+)/.exec(warning) ?? [];
  t.strictSame(fittingConnections(25_000, Number(needed)), { maxConnections: 25_000, warning: undefined });
});
