import { sizeOf } from '../../load/process-size.js';
import { machineMs, sleep } from '../clock.js';
import { untilPlayable } from '../live-playlist.js';
import { amountFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { StallingViewer } from '../stalling-viewer.js';
import { startWorker } from '../worker.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { WebSocketViewersCommand, webSocketViewersHandlers } from '../workers/web-socket-viewers.js';
import { warmUpMs, type SectionOptions } from './section.js';

const others = 99;
const stallSeconds = 60;
const maxBacklogMiB = 4;
/** What a heap that is not collected in these seconds may differ by. */
const heapMiB = 60;

/** One of a hundred viewers stops reading for a minute. */
export async function measureStalled({ recording }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    // With its usual 25 s the server would cut a viewer that gives no sign of life, and it would come back on a new connection.
    const settings = { MAX_VIEWER_BACKLOG_BYTES: String(maxBacklogMiB * 1024 * 1024), SOCKET_TIMEOUT_SECONDS: '180' };
    const server = await ServerUnderTest.start(scope, { settings });
    const urls = server.urls('stalled');
    const publishing: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
    await startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command: publishing }).open();
    await untilPlayable(urls.hls);
    const command: WebSocketViewersCommand = { url: urls.play, viewers: others };
    const rest = startWorker<typeof webSocketViewersHandlers>(scope, { name: 'web-socket-viewers', command });
    await rest.open();
    const viewer = await StallingViewer.join(scope, urls.play);
    await sleep(warmUpMs);
    const usual = await growthMiB(server.pid, stallSeconds / 3);
    await rest.reset();
    viewer.stop();
    const grown = await growthMiB(server.pid, stallSeconds);
    const { gaps, lost, messages } = await rest.totals();
    const seenBefore = viewer.seen.length;
    const resumedMs = machineMs();
    viewer.goOn();
    await sleep(5000);
    const afterGap = viewer.seen.slice(seenBefore).find((each) => each.afterGap);
    if (viewer.gaps === 0 || !afterGap) throw new Error(`expected the viewer to be told of a gap and to get a picture then, it was told of ${String(viewer.gaps)}`);
    return [
      amountFigure({
        what: `One of 100 viewers stops reading for ${String(stallSeconds)} s: what the others miss`,
        measured: { amount: gaps + lost, unit: 'messages', note: `of ${String(messages)} received` },
        atMost: 0,
      }),
      amountFigure({
        what: `the server's memory grows by (a viewer's backlog is bounded by ${String(maxBacklogMiB)} MiB)`,
        measured: { amount: grown, unit: 'MiB', note: 'the most in these seconds' },
        beside: { amount: usual, unit: 'MiB', note: `in ${String(stallSeconds / 3)} s before, when nobody stopped` },
        atMost: maxBacklogMiB + heapMiB,
      }),
      amountFigure({
        what: 'its picture comes back without a keyframe',
        measured: { amount: afterGap.isKeyframe ? 0 : 1, unit: 'times', note: `${(afterGap.atMs - resumedMs).toFixed(0)} ms after it read again` },
        atMost: 0,
      }),
    ];
  });
}

/** How much more the server holds at any time in these seconds than at their start. */
async function growthMiB(pid: number, seconds: number): Promise<number> {
  const start = (await sizeOf([pid])).rssMiB;
  let most = start;
  for (let passed = 0; passed < seconds; passed++) {
    await sleep(1000);
    most = Math.max(most, (await sizeOf([pid])).rssMiB);
  }
  return most - start;
}
