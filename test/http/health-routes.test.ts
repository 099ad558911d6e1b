import t from 'tap';
import { startFakeServer } from './fake-server.js';

t.test('/healthz answers 200 while a broadcast can be taken, else 503 with the reason', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const well = await app.inject('/healthz');
  t.equal(well.statusCode, 200);
  t.strictSame(well.json(), { status: 'ok' });
  t.equal((await app.inject('/readyz')).statusCode, 200);
  broadcasts.unavailableReason = 'no ffmpeg was found';
  t.strictSame((await app.inject('/readyz')).json(), { message: 'no ffmpeg was found', code: 'unavailable' });
  const ill = await app.inject('/healthz');
  t.equal(ill.statusCode, 503);
  t.strictSame(ill.json(), { code: 'unavailable', message: 'no ffmpeg was found' });
  t.ok(ill.headers['retry-after']);
});

t.test('/readyz says no while the server leaves, and while its directory is away, which those may leave out who would send clients to nobody', async (t) => {
  let [leaving, directory]: (string | undefined)[] = [undefined, 'no directory'];
  const { app } = await startFakeServer(t, { notReady: { leaving: () => leaving, directory: () => directory } });
  const statusOf = async (url: string): Promise<number> => (await app.inject(url)).statusCode;
  t.equal(await statusOf('/readyz'), 503);
  t.equal(await statusOf('/readyz?exclude=directory'), 200);
  t.equal(await statusOf('/readyz?exclude=all'), 400, 'a probe that is written wrongly fails');
  [leaving, directory] = ['it is about to stop', undefined];
  t.equal(await statusOf('/readyz'), 503);
  t.equal(await statusOf('/readyz?exclude=directory'), 503);
  t.equal(await statusOf('/healthz'), 200);
});

t.test('/metrics tells what is live at the moment it is asked', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const answer = await app.inject('/metrics');
  t.equal(answer.statusCode, 200);
  t.match(answer.headers['content-type'], /^text\/plain/);
  t.match(answer.body, 'onair_live_streams 1\n');
  t.match(answer.body, 'onair_viewers{stream="cam"} 3\n');
  t.match(answer.body, 'onair_rendition_viewers{stream="cam",rendition="480p"} 1\n');
  t.match(answer.body, 'onair_rendition_switches_total{stream="cam",rendition="480p"} 4\n');
  t.match(answer.body, 'onair_rendition_changes_total{reason="line-slow"} 0\n');
  t.match(answer.body, 'onair_ingest_bits_per_second{stream="cam"} 2500000\n');
  t.match(answer.body, 'onair_ingest_bytes_total 0\n');
  t.match(answer.body, 'process_cpu_seconds_total');
  broadcasts.streams.clear();
  const after = await app.inject('/metrics');
  t.match(after.body, 'onair_live_streams 0\n');
  t.notMatch(after.body, 'stream="cam"');
});
