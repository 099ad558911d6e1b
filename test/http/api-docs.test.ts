import t from 'tap';
import { startFakeServer } from './fake-server.js';

t.test('the API is read in a browser, from this server alone', async (t) => {
  const { app } = await startFakeServer(t);
  const page = await app.inject('/api/docs');
  t.equal(page.statusCode, 200);
  t.match(page.body, 'Onair API');
  const policy = String(page.headers['content-security-policy']);
  t.match(policy, "default-src 'self'");
  t.notMatch(page.body.match(/(?:src|href)="([^"]+)"/g)?.join(' '), /https?:/, 'nothing is loaded from elsewhere');
  const described = await app.inject('/api/docs/json');
  t.match(described.json(), (await app.inject('/openapi.json')).json<object>());
});

t.test('its own addresses are not part of the API', async (t) => {
  const { app } = await startFakeServer(t);
  const { paths } = (await app.inject('/openapi.json')).json<{ paths: Record<string, unknown> }>();
  t.strictSame(Object.keys(paths).filter((path) => path.startsWith('/api/docs')), []);
});
