import t from 'tap';
import { qualityFor, testUplink } from '../../../src/web/sdk/publishing/uplink-test.js';
import { qualities } from '../../../src/web/sdk/quality.js';

interface Line {
  readonly measured: Promise<number>;
  readonly sentBytes: () => number;
  readonly tookMs: () => number;
}

/** A line with this rate and this round trip, by a clock of its own. */
function measure(bitsPerSecond: number, roundTripMs = 40): Line {
  let nowMs = 0;
  let sentBytes = 0;
  const ask = (_: unknown, init?: RequestInit): Promise<Response> => {
    const size = (init?.body as Uint8Array).byteLength;
    sentBytes += size;
    nowMs += roundTripMs + (size * 8000) / bitsPerSecond;
    return Promise.resolve(Response.json({ bytes: size, milliseconds: 1 }));
  };
  const measured = testUplink({ url: 'https://live.example', stream: 's', key: 'k', fetch: ask, nowMs: () => nowMs });
  return { measured, sentBytes: () => sentBytes, tookMs: () => nowMs };
}

t.test('a line is measured to a fifth of its rate, within seconds and some megabytes, thin or wide', async (t) => {
  for (const bitsPerSecond of [200e3, 1e6, 3e6, 8e6, 30e6]) {
    const line = measure(bitsPerSecond);
    const measured = await line.measured;
    t.ok(Math.abs(measured - bitsPerSecond) < bitsPerSecond * 0.2, `${String(bitsPerSecond)}: ${String(measured)}`);
    t.ok(line.tookMs() < 12_000 && line.sentBytes() < 4 * 1024 * 1024, `in ${String(Math.round(line.tookMs()))} ms, by ${String(line.sentBytes())} bytes`);
  }
});

t.test('a quality leaves a third of the line free; a line that is too thin has none', async (t) => {
  t.equal(qualityFor(20e6, qualities)?.name, '1080p');
  t.equal(qualityFor(4.5e6, qualities)?.name, '720p');
  t.equal(qualityFor(2e6, qualities)?.name, '480p');
  t.equal(qualityFor(1e6, qualities), undefined);
});

t.test('smaller renditions that are sent, too, take their share of the line', async (t) => {
  t.equal(qualityFor(4.5e6, qualities, 3)?.name, '480p', '720p with 480p and 360p takes 4.1 Mbit/s');
  t.equal(qualityFor(6e6, qualities, 2)?.name, '720p');
  t.equal(qualityFor(6.3e6, qualities, 3)?.name, '720p');
  t.equal(qualityFor(2e6, qualities, 3), undefined, '480p with 360p takes 1.8');
  t.equal(qualityFor(20e6, qualities, 3)?.name, '1080p');
});

t.test('a wrong key, a server without room and a line without an end say so', async (t) => {
  const refused = (answer: () => Promise<Response>): Promise<number> => testUplink({ url: '', stream: 's', key: 'k', fetch: answer });
  await t.rejects(refused(() => Promise.resolve(Response.json({ code: 'unauthorized' }, { status: 401 }))), { message: /key/ });
  await t.rejects(refused(() => Promise.resolve(Response.json({ code: 'unavailable' }, { status: 503 }))), { message: /no room/ });
  await t.rejects(refused(() => Promise.reject(new TypeError('failed to fetch'))), { message: /does not answer/ });
});
