import t from 'tap';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment, type InitSegment, type Track } from '../../src/fmp4/init-segment.js';
import type { Timeline } from '../../src/hls/presentation.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import type { FragmentBurst } from '../../src/live/fragment-burst.js';
import type { ViewerSink } from '../../src/live/viewer.js';
import { Viewers } from '../../src/live/viewers.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';

const rate = 30;
const fastBits = 6e6;
const slowBits = 0.8e6;
const soundBits = 96e3;
/** Widths and bits a second of the picture, the source first. */
const rungs = [
  { id: 'source', width: 1280, bits: 2.5e6 },
  { id: '480p', width: 854, bits: 1e6 },
  { id: '360p', width: 640, bits: 0.5e6 },
];
/** What a player keeps in hand on a free line, and needs before it goes on after it stood: as Chromium. */
const inHandSeconds = { free: 0.15, toGoOn: 0.1 };

interface Arrival {
  readonly kind: Track['kind'];
  /** Of the picture, or of the picture that it is heard with. */
  readonly number: number;
  /** As its init segment says. */
  readonly width: number;
  /** As its own bytes say; sound is the same in all. */
  readonly ownWidth: number;
  readonly atMs: number;
}

/** A viewer at the end of a line that carries so much, one byte after another. */
class FarViewer implements ViewerSink {
  readonly follows = true;
  readonly backlogBytes = 0;
  readonly arrivals: Arrival[] = [];
  bitsPerSecond = fastBits;
  nowMs = 0;
  readonly #queue: { bytes: number; readonly arrived: () => void }[] = [];
  #tracks: readonly Track[] = [];

  message(): void {
    return;
  }

  init({ tracks }: InitSegment): void {
    this.#tracks = tracks;
  }

  media(burst: FragmentBurst): void {
    const [picture] = this.#tracks;
    const width = picture?.kind === 'video' ? picture.width : 0;
    for (const { runs, bytes } of burst.fragments) {
      const [run] = runs;
      const track = this.#tracks.find(({ trackId }) => trackId === run?.trackId);
      if (!run || !track) continue;
      const each = { kind: track.kind, number: Math.round((run.baseMediaDecodeTime / track.timescale) * rate), width, ownWidth: bytes.readUInt16BE(bytes.length - 2) };
      this.#queue.push({ bytes: bytes.length, arrived: () => this.arrivals.push({ ...each, atMs: this.nowMs }) });
    }
  }

  mark(arrived: () => void): void {
    this.#queue.push({ bytes: 0, arrived });
  }

  end(): void {
    return;
  }

  drop(): void {
    return;
  }

  /** A thousandth of a second more. */
  carry(): void {
    this.nowMs++;
    let bytes = this.bitsPerSecond / 8000;
    for (let first = this.#queue[0]; first && first.bytes <= bytes; first = this.#queue[0]) {
      bytes -= first.bytes;
      this.#queue.shift();
      first.arrived();
    }
    if (this.#queue[0]) this.#queue[0].bytes -= bytes;
  }
}

interface Shown {
  readonly number: number;
  readonly width: number;
  readonly atMs: number;
}

/** When a player shows what came: each picture in its time, later where it stands for want of it; it seeks over what is left out. */
function shownOf(arrivals: readonly Arrival[]): Shown[] {
  const shown: Shown[] = [];
  let dueMs = -Infinity;
  arrivals.forEach((each, index) => {
    const before = arrivals[index - 1];
    const isNext = before && each.number === before.number + 1;
    const wantedMs = isNext ? dueMs + 1000 / rate : dueMs;
    if (each.atMs <= wantedMs) dueMs = wantedMs;
    else {
      // It stood: until so much is there that it goes on.
      const last = arrivals.find(({ number }) => number >= each.number + inHandSeconds.toGoOn * rate) ?? each;
      dueMs = before ? Math.max(each.atMs, last.atMs) : each.atMs + inHandSeconds.free * 1000;
    }
    shown.push({ number: each.number, width: each.width, atMs: dueMs });
  });
  return shown;
}

interface Story {
  readonly downSeconds: number;
  readonly upSeconds: number;
  readonly longestStallSeconds: number;
  readonly stalledSeconds: number;
  readonly pictures: readonly Arrival[];
  readonly sounds: readonly Arrival[];
}

/** @param at so long after a keyframe the line falls, with keyframes so far apart */
function play(at: number, keyframeSeconds: number): Story {
  let nowMs = 0;
  const buses = rungs.map(({ id, width, bits }) => ({ id, width, bits, bus: new FragmentBus({ maxBacklogBytes: 8e6, onDropped: (error) => { throw error; }, now: () => nowMs }) }));
  const [source, ...others] = buses;
  if (!source) throw new Error('expected a source');
  const viewers = new Viewers({ bus: source.bus, renditions: () => new Map(others.map(({ id, bus }) => [id, bus])), now: () => nowMs });
  const viewer = new FarViewer();
  for (const { bus, width } of buses) bus.startTimeline(timelineOf(width));
  viewers.renditionsChanged();
  viewers.join(viewer);
  const groupLength = keyframeSeconds * rate;
  const [slowFromMs, slowUntilMs, untilMs] = [4000 + at * 1000, 16_000 + at * 1000, 36_000];
  for (let picture = 0; nowMs < untilMs; nowMs++) {
    viewer.bitsPerSecond = nowMs >= slowFromMs && nowMs < slowUntilMs ? slowBits : fastBits;
    if (nowMs >= (picture * 1000) / rate) {
      for (const { bus, width, bits } of buses) bus.push([pictureOf({ number: picture, groupLength, width, bits }), soundOf(picture)]);
      picture++;
    }
    viewer.carry();
  }
  const pictures = viewer.arrivals.filter(({ kind }) => kind === 'video');
  const shown = shownOf(pictures);
  const after = shown.filter(({ atMs }) => atMs >= slowFromMs);
  const gaps = after.slice(1).map(({ atMs }, index) => (atMs - (after[index]?.atMs ?? atMs)) / 1000).filter((seconds) => seconds > 0.2);
  return {
    downSeconds: ((after.find(({ width }) => width < 1280)?.atMs ?? Infinity) - slowFromMs) / 1000,
    upSeconds: ((after.find(({ atMs, width }) => atMs > slowUntilMs && width === 1280)?.atMs ?? Infinity) - slowUntilMs) / 1000,
    longestStallSeconds: Math.max(0, ...gaps),
    stalledSeconds: gaps.reduce((sum, seconds) => sum + seconds, 0),
    pictures,
    sounds: viewer.arrivals.filter(({ kind }) => kind === 'audio'),
  };
}

/** A keyframe is three times as large as another picture. */
function pictureOf({ number, groupLength, width, bits }: { number: number; groupLength: number; width: number; bits: number }): Fragment {
  const keyframe = number % groupLength === 0;
  const bytes = ((bits / 8 / rate) * groupLength * (keyframe ? 3 : 1)) / (groupLength + 2);
  return padded(fragment([{ track: videoTrack, startSeconds: number / rate, durationSeconds: 1 / rate, keyframe }], number), bytes, width);
}

function soundOf(number: number): Fragment {
  return padded(fragment([{ track: audioTrack, startSeconds: number / rate, durationSeconds: 1 / rate, keyframe: true }], number), soundBits / 8 / rate, 0);
}

function padded(made: Fragment, byteLength: number, width: number): Fragment {
  const filler = Buffer.alloc(Math.max(2, Math.round(byteLength) - made.bytes.length));
  filler.writeUInt16BE(width, filler.length - 2);
  return { ...made, bytes: Buffer.concat([made.bytes, filler]) };
}

function timelineOf(width: number): Timeline {
  const picture = { ...videoTrack, width, height: Math.round((width * 9) / 16) } as Track;
  return { init: readInitSegment(initSegment([picture, audioTrack])), captureTimeMs: 0 };
}

for (const keyframeSeconds of [1, 2]) {
  t.test(`on a line that falls from 6 Mbit/s to 0.8 and comes back the picture changes in time, with keyframes each ${keyframeSeconds} s`, async (t) => {
    for (let at = 0; at < keyframeSeconds; at += keyframeSeconds / 5) {
      const { downSeconds, upSeconds, longestStallSeconds, stalledSeconds, pictures, sounds } = play(at, keyframeSeconds);
      const when = `${at.toFixed(1)} s after a keyframe: `;
      t.ok(downSeconds <= 3, `${when}smaller after ${downSeconds} s`);
      t.ok(upSeconds <= 19, `${when}the largest again after ${upSeconds} s`);
      t.ok(longestStallSeconds <= keyframeSeconds, `${when}stands for ${longestStallSeconds} s`);
      t.ok(stalledSeconds <= 0.5 + keyframeSeconds, `${when}stands for ${stalledSeconds} s together`);
      t.ok(pictures.every(({ number }, index) => index === 0 || number > (pictures[index - 1]?.number ?? 0)), `${when}each picture once and in order`);
      t.ok(pictures.every(({ width, ownWidth }) => width === ownWidth), `${when}each under the init segment of its own rendition`);
      t.ok(sounds.every(({ number }, index) => number === index), `${when}each sound once and in order, none left out`);
    }
  });
}
