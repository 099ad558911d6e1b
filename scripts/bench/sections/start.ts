import { amountFigure, differenceFigure, type Figure } from '../report.js';
import { untilPlayable } from '../live-playlist.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import { beforeBounds, besideBefore, type SectionOptions } from './section.js';

const starts = 3;

/** From a publisher's first byte to the first playlist that a player can begin with. */
export async function measureStart({ recording, before }: SectionOptions): Promise<Figure[]> {
  const [ours, theirs]: [number[], number[]] = [[], []];
  await within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const earlier = before === undefined ? undefined : await ServerUnderTest.start(scope, { checkout: before });
    for (let round = 0; round < starts; round++) {
      ours.push(await startSeconds(scope, server, recording, round));
      if (earlier) theirs.push(await startSeconds(scope, earlier, recording, round));
    }
  });
  const measured = { amount: Math.max(...ours), unit: 's', note: `the longest of ${String(starts)}` };
  const beside = { amount: 2, unit: 's', note: 'the first segment\'s own length' };
  const earlierLongest = { amount: Math.max(...theirs), unit: 's', note: besideBefore };
  return [
    amountFigure({ what: 'first byte → first playable playlist', measured, beside, atMost: 2.5 }),
    ...(before === undefined ? [] : [differenceFigure({ what: 'the same, beside before', measured, beside: earlierLongest, atMost: beforeBounds.startSeconds })]),
  ];
}

async function startSeconds(scope: Scope, server: ServerUnderTest, recording: string, round: number): Promise<number> {
  const urls = server.urls(`start-${String(round)}`);
  const command: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
  const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command });
  await publisher.open();
  const { foundAtMs } = await untilPlayable(urls.hls);
  const seconds = (foundAtMs - (await publisher.firstByteMs())) / 1000;
  await publisher.end();
  return seconds;
}
