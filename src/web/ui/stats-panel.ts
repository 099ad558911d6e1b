import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import type { PlayerStats } from '../sdk/player-events.js';
import type { PathChoice } from '../sdk/playback/path-choice.js';
import type { RenditionState } from '../sdk/playback/renditions.js';
import { pathLabel } from '../sdk/words.js';
import { element } from './element.js';
import { changesInWords, qualityName } from './quality-choice.js';

export interface StatsPanel {
  readonly element: HTMLElement;
  showStats(stats: PlayerStats): void;
  showPath(choice: PathChoice): void;
  showRenditions(state: RenditionState): void;
  showInfo(info: LiveStreamInfo | undefined): void;
}

const rows = ['Delay', 'Path', 'Why', 'Quality', 'Quality changes', 'Buffer', 'Speed', 'Dropped frames', 'Bit rate', 'Size', 'Codecs', 'Picture', 'Sound', 'Received'] as const;
type Row = (typeof rows)[number];

/** How the stream is played, in numbers, and what the server did with it, in words. */
export function statsPanel(id: string): StatsPanel {
  const values = new Map<Row, HTMLElement>();
  let renditions: RenditionState | undefined;
  const list = element('dl', { class: 'stats-list numbers' });
  for (const row of rows) {
    const value = element('dd', {}, '–');
    values.set(row, value);
    list.append(element('div', { class: 'stats-row' }, element('dt', {}, row), value));
  }
  const panel = element(
    'section',
    { class: 'stats', id, 'aria-label': 'Statistics', tabindex: '0', hidden: true },
    list,
  );
  const set = (row: Row, text: string | undefined): void => {
    const value = values.get(row);
    if (value !== undefined && value.textContent !== (text ?? '–')) value.textContent = text ?? '–';
  };
  return {
    element: panel,
    showRenditions(state) {
      renditions = state;
    },
    showStats(stats) {
      const played = renditions?.renditions.find(({ id }) => id === stats.rendition);
      set('Quality', played && qualityName(played, { videoWidth: stats.width, videoHeight: stats.height }));
      set('Quality changes', renditions && changesInWords(stats.renditionSwitches, renditions));
      set('Delay', stats.latencySeconds === undefined ? 'not known yet' : inSeconds(stats.latencySeconds));
      set('Buffer', inSeconds(stats.bufferSeconds));
      set('Speed', `× ${stats.playbackRate.toFixed(2)}`);
      set('Dropped frames', String(stats.droppedFrames));
      set('Bit rate', stats.bitsPerSecond === undefined ? undefined : inMegabits(stats.bitsPerSecond));
      set('Size', stats.width === 0 ? undefined : `${stats.width} × ${stats.height}`);
      if (stats.codecs !== undefined) set('Codecs', stats.codecs);
    },
    showPath(choice) {
      set('Path', pathLabel(choice.path));
      set('Why', choice.why);
    },
    showInfo(info) {
      if (info?.rendition !== undefined) set('Codecs', info.rendition.codecs);
      set('Picture', trackWords(info, 'video'));
      set('Sound', trackWords(info, 'audio'));
      set('Received', info === undefined ? undefined : `${inMegabits(info.ingestBitsPerSecond)} as ${info.recording?.container ?? 'unknown'}`);
    },
  };
}

function trackWords(info: LiveStreamInfo | undefined, kind: 'video' | 'audio'): string | undefined {
  if (info?.recording === undefined) return undefined;
  const track = info.recording.tracks.find((each) => each.kind === kind);
  if (track === undefined) return 'none';
  // The reason says as well what becomes of it.
  return `${track.sourceCodec}. ${track.reason}`;
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(2)} s`;
}

function inMegabits(bitsPerSecond: number): string {
  return `${(bitsPerSecond / 1_000_000).toFixed(2)} Mbit/s`;
}
