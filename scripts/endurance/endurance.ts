import { parseArgs } from 'node:util';

import { HlsViewer } from '../../test/helpers/hls-viewer.js';
import { multivariantViolations, violations } from '../../test/helpers/playlist-rules.js';
import { waitUntil } from '../../test/helpers/programs.js';
import { TestPublisher } from '../../test/helpers/publisher.js';
import { startServer } from '../../test/helpers/server.js';
import { sendTestCard } from '../../test/helpers/test-card.js';
import { formatRows } from '../bench/report.js';
import { writeResults } from '../bench/results-page.js';
import { describeMachine } from '../bench/machine.js';
import { within } from '../bench/scope.js';
import { ffmpeg, gstreamer, vlc, webKit, type PlayerRun } from './patient-players.js';

/** Longer than this without a new picture, and a person would call it a stall. */
const stallSeconds = 2;
const windowSegments = 6;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, 'player-seconds': { type: 'string', default: '120' }, write: { type: 'boolean', default: false } },
});
const minutes = Number(values.minutes);
const playerSeconds = Number(values['player-seconds']);

/** A long broadcast: every playlist under the strict parser and our own rules, and the players that ignore low latency beside it. */
const { viewer, runs } = await within(async (scope) => {
  const server = await startServer(scope);
  const publisher = new TestPublisher(scope, server.publishUrl('card'));
  await publisher.message('ready');
  const publishing = sendTestCard(scope, publisher, { seconds: minutes * 60 });
  await publisher.message('live');
  const following = new HlsViewer(server.hlsUrl('card'), { timeoutMs: (minutes + 1) * 60_000 });
  // Who joins with the first playlist has one segment to play and stays as near to the edge.
  await waitUntil('a whole window of segments', () => following.segments.length >= windowSegments, 60_000);
  const played: PlayerRun[] = [];
  for (const player of [vlc, gstreamer, webKit, ffmpeg]) {
    const run = await within((playing) => player(playing, server.hlsUrl('card'), playerSeconds));
    process.stderr.write(`${describe(run).join(', ')}\n`);
    played.push(run);
  }
  await publishing;
  await publisher.end();
  await following.ended;
  return { viewer: following, runs: played };
});

const broken = [...violations(viewer.playlists), ...multivariantViolations(viewer.multivariant)];
const body = [
  `${String(viewer.playlists.length)} playlists in ${String(minutes)} minutes, one every 200 ms: ${String(broken.length)} violations.`,
  ...broken,
  '',
  formatRows([['player', 'seconds watched', 'seconds shown', 'longest standstill', 'remark'], ...runs.map(describe)]),
].join('\n');
console.log(body);
if (values.write) await writeResults({ page: 'endurance', title: 'Endurance: playlists under a strict parser, players that ignore low latency', machine: describeMachine(), body });
if (broken.length > 0 || runs.some((run) => (run.longestStandstillSeconds ?? 0) > stallSeconds || run.playedSeconds < playerSeconds * 0.9)) process.exitCode = 1;

function describe({ player, playedSeconds, longestStandstillSeconds, remark }: PlayerRun): string[] {
  return [player, String(playerSeconds), playedSeconds.toFixed(1), longestStandstillSeconds === undefined ? '–' : `${longestStandstillSeconds.toFixed(2)} s`, remark];
}
