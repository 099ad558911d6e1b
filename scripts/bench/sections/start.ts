import { amountFigure, type Figure } from '../report.js';
import { untilPlayable } from '../live-playlist.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { SectionOptions } from './section.js';

const starts = 3;

/** From a publisher's first byte to the first playlist that a player can begin with. */
export async function measureStart({ recording }: SectionOptions): Promise<Figure[]> {
  const seconds: number[] = [];
  await within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    for (let round = 0; round < starts; round++) {
      const urls = server.urls(`start-${String(round)}`);
      const command: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
      const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command });
      await publisher.open();
      const { foundAtMs } = await untilPlayable(urls.hls);
      seconds.push((foundAtMs - (await publisher.firstByteMs())) / 1000);
      await publisher.end();
    }
  });
  return [
    amountFigure({
      what: 'first byte → first playable playlist',
      measured: { amount: Math.max(...seconds), unit: 's', note: `the longest of ${String(starts)}` },
      beside: { amount: 2, unit: 's', note: 'the first segment\'s own length' },
      atMost: 2.5,
    }),
  ];
}
