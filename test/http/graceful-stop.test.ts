import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import { hungStore } from '../helpers/bad-stores.js';
import { openStudio } from '../live/fake-studio.js';
import { listen, startFakeServer } from './fake-server.js';

const never = (): Promise<never> => new Promise(() => undefined);
const withinMs = 600;

t.test('broadcasts that can not move are waited for as long as the operator says: Fastify gives hooks ten seconds, unless it is told not to', async (t) => {
  const { app } = await startFakeServer(t);
  t.equal(app.initialConfig.pluginTimeout, 0);
});

t.test('an ffmpeg, a disk, an encoder and viewers that all hang do not hold up the stop beyond its one deadline', async (t) => {
  const studio = await openStudio(t, { openSegmentStore: () => hungStore });
  const { app } = await startFakeServer(t, { broadcasts: studio.broadcasts, directory: studio.directory, lingerMs: 5000, withinMs, closeOthers: never });
  const address = await listen(app);
  const cam = await studio.publish('cam');
  cam.abort = never;
  const silent = connect(Number(address.split(':')[1]), '127.0.0.1');
  t.teardown(() => silent.destroy());
  await once(silent, 'connect');
  const viewer = new WebSocket(`ws://${address}/live/cam/play`);
  await once(viewer, 'open');
  viewer.pause(); // it never answers a goodbye
  t.teardown(() => viewer.terminate());
  const gone = [once(silent, 'close'), once(viewer, 'close')];
  viewer.on('error', () => undefined);
  const fromMs = performance.now();
  const stopped = app.close();
  await stopped;
  const tookMs = performance.now() - fromMs;
  viewer.resume();
  await Promise.all(gone);
  t.ok(tookMs >= withinMs / 3, 'broadcasts are waited for');
  // Each step by itself may take 5.5 s, 5 s, 1.5 s, for ever, and 1 s.
  t.ok(tookMs < 5000, `${tookMs.toFixed(0)} ms`);
  t.strictSame(studio.warnings, ['broadcasts did not end in time']);
  await cam.end();
});

t.test('where nothing hangs the closed playlists are served for as long as was asked for', async (t) => {
  const studio = await openStudio(t);
  let [closedOthers, servedAfter] = [0, 0];
  const { app } = await startFakeServer(t, { broadcasts: studio.broadcasts, directory: studio.directory, lingerMs: 300, closeOthers: async () => (closedOthers += 1) });
  const address = await listen(app);
  const cam = await studio.publish('cam');
  const stopping = app.close();
  await cam.closed;
  servedAfter = (await fetch(`http://${address}/healthz`, { headers: { connection: 'close' } })).status;
  t.equal(servedAfter, 503, 'it still answers');
  t.equal(closedOthers, 0);
  await stopping;
  t.equal(closedOthers, 1);
});
