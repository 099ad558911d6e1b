import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestLine, type ManifestLine } from '../../../src/hls/manifest.js';
import { temporaryDirectory } from '../../../test/helpers/programs.js';
import { amountFigure, differenceFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
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
    const start = async (settings: Record<string, string>): Promise<{ seconds: number; server: ServerUnderTest }> => {
      const from = performance.now();
      const server = await ServerUnderTest.start(scope, { settings });
      return { seconds: (performance.now() - from) / 1000, server };
    };
    const without = await start({});
    const { seconds, server } = await start({ RECORDINGS_DIR: recordings });
    const from = performance.now();
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const { recordings: found } = (await (await fetch(`${server.origin}/api/recordings?q=harbour`)).json()) as { recordings: unknown[] };
      if (found.length !== 100) throw new Error(`expected a page of 100 recordings, got ${String(found.length)}`);
    }
    return [
      differenceFigure({ what: `a start with ${many.toLocaleString('en')} recordings of ten minutes`, measured: { amount: seconds, unit: 's' }, beside: { amount: without.seconds, unit: 's', note: 'a start with none' }, atMost: 10 }),
      amountFigure({ what: 'a page of 100 of them, searched for a word', measured: { amount: (performance.now() - from) / rounds, unit: 'ms', note: 'asked one after another' }, atMost: 100 }),
    ];
  });
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
