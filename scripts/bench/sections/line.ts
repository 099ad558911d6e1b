import { sleep } from '../clock.js';
import { FarViewer } from '../line/far-viewer.js';
import { storyOf, type LineStory } from '../line/line-story.js';
import { ladder, makeNumberedLadder } from '../line/numbered-ladder.js';
import { untilPlayable } from '../live-playlist.js';
import { amountFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { cannotShape, ShapedLine } from '../shaped-line.js';
import { startWorker } from '../worker.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { SectionOptions } from './section.js';

const fastBits = 6e6;
const slowBits = 0.8e6;
const calmSeconds = 3;
const slowSeconds = 12;
/** With one picture there is nothing to come back to. */
const backSeconds = { three: 20, one: 3 } as const;
/** Viewers one after another, so that the line changes at another moment of a segment for each. */
const phases = [0, 0.7, 1.4];
const mostDownSeconds = 4;
const mostUpSeconds = 20;
const mostStallSeconds = 1;

/** What viewers see on a line that becomes slow and fast again, with several pictures and with one, by both paths. */
export async function measureLine(_: SectionOptions): Promise<Figure[]> {
  const why = cannotShape();
  if (why !== undefined) {
    process.stderr.write(`line: left out, ${why}\n`);
    return [];
  }
  return within(async (scope) => {
    const seconds = 30 + calmSeconds + slowSeconds + backSeconds.three + (phases.at(-1) ?? 0);
    const recordings = { three: await makeNumberedLadder(scope, 'three', ladder, seconds), one: await makeNumberedLadder(scope, 'one', ladder.slice(0, 1), seconds) };
    const figures: Figure[] = [];
    for (const path of ['hls', 'websocket'] as const) {
      for (const name of ['three', 'one'] as const) {
        const stories = await within((watching) => watch(watching, recordings[name], path, backSeconds[name]));
        figures.push(...figuresOf(`${path === 'hls' ? 'LL-HLS' : 'WebSocket'}, ${name === 'three' ? 'three pictures' : 'one picture'}`, stories, name === 'three'));
      }
    }
    return figures;
  });
}

async function watch(scope: Scope, recording: string, path: 'hls' | 'websocket', untilSeconds: number): Promise<LineStory[]> {
  const server = await ServerUnderTest.start(scope, { settings: { HOST: '0.0.0.0' } });
  const urls = server.urls('line');
  const command: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
  await startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command }).open();
  await untilPlayable(urls.hls);
  return Promise.all(
    phases.map(async (phase) => {
      const line = ShapedLine.open(scope);
      line.slowTo(fastBits);
      const viewer = await FarViewer.open(scope, { line, port: server.port, stream: 'line', path });
      await viewer.untilWidth((ladder[0]?.lines ?? 0) * (16 / 9));
      await sleep((calmSeconds + phase) * 1000);
      const slowFromMs = await viewer.nowMs();
      line.slowTo(slowBits);
      await sleep(slowSeconds * 1000);
      const slowUntilMs = await viewer.nowMs();
      line.slowTo(fastBits);
      await sleep(untilSeconds * 1000);
      // Before what was seen is fetched, which takes its time: that is no stall.
      const untilMs = await viewer.nowMs();
      return storyOf((await viewer.seen()).frames, { slowFromMs, slowUntilMs, untilMs });
    }),
  );
}

function figuresOf(what: string, stories: readonly LineStory[], hasLadder: boolean): Figure[] {
  const worst = (of: (story: LineStory) => number | undefined): number => Math.max(...stories.map((story) => of(story) ?? Infinity));
  const row = (name: string, unit: string, of: (story: LineStory) => number | undefined, atMost: number): Figure =>
    amountFigure({
      what: `${what}: ${name}`,
      measured: { amount: worst(of), unit, note: stories.map((story) => of(story)?.toFixed(1) ?? 'never').join(', ') },
      ...(hasLadder && { atMost }),
    });
  return [
    row('longest stall', 's', ({ longestStallSeconds }) => longestStallSeconds, mostStallSeconds),
    row('stalls together', 's', ({ stalledSeconds }) => stalledSeconds, slowSeconds),
    row('pictures shown twice', '', ({ twice }) => twice, 0),
    ...(hasLadder
      ? [row('a smaller picture after', 's', ({ downSeconds }) => downSeconds, mostDownSeconds), row('the largest again after', 's', ({ upSeconds }) => upSeconds, mostUpSeconds)]
      : []),
  ];
}
