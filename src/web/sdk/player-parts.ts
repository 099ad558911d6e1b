import { browserPage, type BrowserPage } from './browser-page.js';
import { addressesAt, recordingAddresses } from './playback/addresses.js';
import { factsOfRecording, pageFacts, type FactsDesk } from './playback/facts-poll.js';
import { lazyPath } from './playback/lazy-path.js';
import type { PathRunnerOptions } from './playback/path-runner.js';
import type { PlayerOptions } from './player-events.js';

/** What a player stands on; tests give their own. */
export interface PlayerSeams {
  readonly page: BrowserPage;
  readonly facts: Pick<FactsDesk, 'follow'>;
  readonly paths: PathRunnerOptions['paths'];
  readonly seekable: PathRunnerOptions['seekable'];
  readonly baseUrl: string;
}

const browserPaths: PathRunnerOptions['paths'] = {
  websocket: lazyPath('websocket', 'nudge', async () => (await import('./playback/web-socket-mse.js')).WebSocketMse),
  hls: lazyPath('hls', 'own', async () => (await import('./playback/hls-js.js')).HlsJs),
  native: lazyPath('native', 'leave-end', async () => (await import('./playback/native-hls.js')).NativeHls),
};

/** A recording, and live what is not at the edge: loaded when somebody goes there. */
const browserSeekable: PathRunnerOptions['seekable'] = {
  hls: lazyPath('hls', 'own', async () => (await import('./playback/seekable-hls.js')).SeekableHls),
  native: lazyPath('native', 'leave-end', async () => (await import('./playback/seekable-native.js')).SeekableNative),
};

/** What a player is made of, by what its address names. @throws {TypeError} when that is no live stream and no recording */
export function playerParts({ url, stream, mode = 'lowest-delay', path: wished = 'auto', rendition = 'auto' }: PlayerOptions, seams: Partial<PlayerSeams>) {
  const baseUrl = seams.baseUrl ?? document.baseURI;
  const [page, paths, seekable] = [seams.page ?? browserPage, seams.paths ?? browserPaths, seams.seekable ?? browserSeekable];
  const recording = stream === undefined ? recordingAddresses([url].flat()[0] ?? '', baseUrl) : undefined;
  return recording
    ? { page, desk: factsOfRecording, ways: { addresses: recording, seekable, rendition, mode: 'smooth' as const, wished: wished === 'websocket' ? ('auto' as const) : wished, paths: { ...paths, ...seekable } } }
    : { page, desk: seams.facts ?? pageFacts, ways: { addresses: addressesAt(url, stream, baseUrl), seekable, rendition, mode, wished, paths } };
}
