import { readFileSync } from 'node:fs';
import t from 'tap';
import { startFakeServer } from './fake-server.js';

const rules = readFileSync(new URL('../../deploy/prometheus/onair.rules.yml', import.meta.url), 'utf8');
const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

t.test('every metric that an alert looks at is there to be scraped, and every one of ours is told to operators', async (t) => {
  const { app } = await startFakeServer(t);
  const { body } = await app.inject('/metrics');
  const metrics = new Set([...body.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  const named = [...rules.matchAll(/^ +expr: (.+)$/gm)].flatMap(([, expression = '']) => expression.match(/\b(onair|nodejs|process)_\w+/g) ?? []);
  t.ok(named.length > 8, `${named.length} are named`);
  for (const name of named) t.ok(metrics.has(name), name);
  for (const name of [...metrics].filter((name) => name?.startsWith('onair_'))) t.ok(operations.includes(`\`${String(name)}`), `${String(name)} in docs/operations.md`);
  const alerts = [...rules.matchAll(/^ +- alert: (\w+)$/gm)].length;
  t.equal([...rules.matchAll(/^ +summary: \S/gm)].length, alerts, 'each alert says what it means');
});

t.test('connections that were cut are counted by reason', async (t) => {
  const { app, cuts } = await startFakeServer(t);
  cuts.count('slow-head');
  cuts.count('slow-head');
  const { body } = await app.inject('/metrics');
  t.match(body, 'onair_connections_cut_total{reason="slow-head"} 2\n');
  t.match(body, 'onair_connections_cut_total{reason="unanswered-requests"} 0\n');
});
