import { cpuRates } from '../cpu-time.js';
import { untilPlayable } from '../live-playlist.js';
import { ratioFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import type { SectionOptions } from './section.js';
import { publish, viewers, withHlsViewers } from './viewers.js';

/** `PART_SECONDS`; the first is the reference. */
const lengths = ['0.334', '0.5', '0.25', '0.2'] as const;

/** What an LL-HLS viewer costs with parts of different lengths: servers side by side, all of them watched at the same moment. */
export async function measureParts({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const servers = await Promise.all(lengths.map((length) => ServerUnderTest.start(scope, { settings: { PART_SECONDS: length } })));
    await Promise.all(servers.map((server) => publish(scope, recording, server.urls('parts').publishWithKey)));
    const urls = await Promise.all(servers.map(async (server) => (await untilPlayable(server.urls('parts').hls)).url.href));
    const idle = await cpuRates(seconds, servers.map(({ pid }) => [pid]));
    const watched = await Promise.all(servers.map(({ pid }, index) => withHlsViewers(urls[index] ?? '', async () => (await cpuRates(seconds, [[pid]]))[0] ?? 0)));
    const perViewer = watched.map(({ result }, index) => ((result - (idle[index] ?? 0)) * 1000) / viewers);
    return watched.map(({ requests }, index) =>
      ratioFigure({
        what: `CPU per LL-HLS viewer-second, parts of ${lengths[index] ?? ''} s`,
        measured: { amount: perViewer[index] ?? NaN, unit: 'µs', note: `${(requests / viewers / seconds).toFixed(1)} requests a second each` },
        beside: { amount: perViewer[0] ?? NaN, unit: 'µs', note: `parts of ${lengths[0]} s` },
      }),
    );
  });
}
