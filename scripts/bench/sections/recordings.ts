import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestLine, type ManifestLine } from '../../../src/hls/manifest.js';
import { FakeObjectStore } from '../../../test/helpers/fake-object-store.js';
import { temporaryDirectory, waitUntil } from '../../../test/helpers/programs.js';
import { amountFigure, differenceFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';

const many = 10_000;
const segmentsOfEach = 300;

/** What it costs to have kept much. */
export async function measureRecordings(): Promise<Figure[]> {
  return within(async (scope) => {
    const directory = await temporaryDirectory(scope, 'onair-bench');
    const manifest = join(directory, 'manifest.jsonl');
    await writeFile(manifest, longManifest());
    const recordings = join(directory, 'recordings');
    for (let number = 0; number < many; number++) {
      const folder = join(recordings, `show-${String(number)}`);
      await mkdir(folder, { recursive: true });
      await link(manifest, join(folder, 'manifest.jsonl'));
    }
    const without = await startTimed(scope, {});
    const first = await within((its) => startTimed(its, { RECORDINGS_DIR: recordings }));
    const { seconds, server } = await startTimed(scope, { RECORDINGS_DIR: recordings });
    const from = performance.now();
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const { recordings: found } = (await (await fetch(`${server.origin}/api/recordings?q=harbour`)).json()) as { recordings: unknown[] };
      if (found.length !== 100) throw new Error(`expected a page of 100 recordings, got ${String(found.length)}`);
    }
    const pageMs = (performance.now() - from) / rounds;
    const { startSeconds, listedSeconds, againSeconds } = await measureStore(directory);
    const [beside, all] = [{ amount: without.seconds, unit: 's', note: 'a start with none' }, many.toLocaleString('en')];
    return [
      differenceFigure({ what: `the first start with ${all} recordings of ten minutes on the disk`, measured: { amount: first.seconds, unit: 's', note: 'no index yet' }, beside, atMost: 10 }),
      differenceFigure({ what: 'each later start with them', measured: { amount: seconds, unit: 's' }, beside, atMost: 5 }),
      amountFigure({ what: 'a page of 100 of them, searched for a word', measured: { amount: pageMs, unit: 'ms', note: 'asked one after another' }, atMost: 100 }),
      differenceFigure({ what: `a start of a new server with ${all} in an object store`, measured: { amount: startSeconds, unit: 's', note: 'it answers, and goes on reading' }, beside, atMost: 10 }),
      amountFigure({ what: 'from there until all of them are listed', measured: { amount: listedSeconds, unit: 's', note: "each manifest is fetched once, from a stand-in in the bench's own process" } }),
      differenceFigure({ what: 'the next start of that server, its manifests on the disk', measured: { amount: againSeconds, unit: 's', note: 'all are listed at once' }, beside, atMost: 5 }),
    ];
  });
}

interface Started {
  readonly seconds: number;
  readonly server: ServerUnderTest;
}

async function startTimed(scope: Scope, settings: Readonly<Record<string, string>>): Promise<Started> {
  const from = performance.now();
  const server = await ServerUnderTest.start(scope, { settings });
  return { seconds: (performance.now() - from) / 1000, server };
}

/** A server that has nothing on its disk yet, and the same one again. */
async function measureStore(directory: string): Promise<{ startSeconds: number; listedSeconds: number; againSeconds: number }> {
  return within(async (scope) => {
    const store = await FakeObjectStore.start(scope);
    const bytes = Buffer.from(longManifest());
    for (let number = 0; number < many; number++) store.objects.set(`some/where/show-${String(number)}/manifest.jsonl`, { bytes, etag: '"one"', modified: new Date() });
    const settings = { ...store.settings, RECORDINGS_DIR: join(directory, 'from-the-store') };
    const { startSeconds, listedSeconds } = await within(async (first) => {
      const { seconds, server } = await startTimed(first, settings);
      const from = performance.now();
      await waitUntil('all are listed', async () => (await countOf(server)) === many, 600_000, 200);
      return { startSeconds: seconds, listedSeconds: (performance.now() - from) / 1000 };
    });
    const again = await startTimed(scope, settings);
    const count = await countOf(again.server);
    if (count !== many) throw new Error(`expected ${String(many)} recordings from the disk, got ${String(count)}`);
    return { startSeconds, listedSeconds, againSeconds: again.seconds };
  });
}

async function countOf({ origin }: ServerUnderTest): Promise<number> {
  return Number(/^onair_recordings (\d+)$/m.exec(await (await fetch(`${origin}/metrics`)).text())?.[1] ?? 0);
}

function longManifest(): string {
  const segments = Array.from({ length: segmentsOfEach }, (_none, number): ManifestLine => ({
    ...{ type: 'segment', uri: `${String(number)}.m4s`, mapUri: 'init-0.mp4', mediaSequence: number, durationSeconds: 2, byteLength: 625_000, discontinuity: false },
    ...{ programDateTimeMs: Date.UTC(2026, 0, 2) + number * 2000, keyframe: { start: 0, byteLength: 40_000 } },
  }));
  const lines: ManifestLine[] = [
    { type: 'start', version: 1, stream: 'show', broadcast: 'bench', startedAt: '2026-01-02T00:00:00.000Z', targetDurationSeconds: 2, server: 'bench-1' },
    { type: 'init', uri: 'init-0.mp4', codecs: 'avc1.64001f,mp4a.40.2', picture: { codec: 'avc1.64001f', width: 1280, height: 720 } },
    ...segments,
    { type: 'description', title: 'A day at the harbour' },
    { type: 'end', durationSeconds: 2 * segmentsOfEach, byteLength: 625_000 * segmentsOfEach, width: 1280, height: 720 },
  ];
  return lines.map(manifestLine).join('');
}
