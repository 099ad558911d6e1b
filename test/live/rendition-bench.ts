import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment, type InitSegment, type Track } from '../../src/fmp4/init-segment.js';
import type { Timeline } from '../../src/hls/presentation.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import type { FragmentBurst } from '../../src/live/fragment-burst.js';
import type { RenditionChange, ViewerSink } from '../../src/live/viewer.js';
import { Viewers } from '../../src/live/viewers.js';
import type { ViewerMessage } from '../../src/protocol/viewer-messages.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';

/** Pictures a second, and from keyframe to keyframe. */
export const rate = 10;
const groupLength = 10;

/** What a viewer was sent: which picture or sound, of which rendition by the width of its pictures; 0 is sound alone. */
export interface Sent {
  readonly kind: 'video' | 'audio';
  readonly number: number;
  readonly width: number;
}

/** A viewer by WebSocket that keeps what it is sent; what is on its way to it arrives when the test says so. */
export class KeepingViewer implements ViewerSink {
  readonly follows: boolean = true;
  readonly sent: Sent[] = [];
  readonly messages: ViewerMessage[] = [];
  backlogBytes = 0;
  answersAtOnce = true;
  readonly marks: (() => void)[] = [];
  #init: InitSegment | undefined;

  message(message: ViewerMessage): void {
    this.messages.push(message);
  }

  init(init: InitSegment): void {
    this.#init = init;
  }

  media(burst: FragmentBurst): void {
    const tracks = this.#init?.tracks ?? [];
    const picture = tracks.find(({ kind }) => kind === 'video');
    const width = picture?.kind === 'video' ? picture.width : 0;
    for (const { runs } of burst.fragments) {
      for (const { trackId, baseMediaDecodeTime } of runs) {
        const track = tracks.find((each) => each.trackId === trackId);
        if (track) this.sent.push({ kind: track.kind, number: Math.round((baseMediaDecodeTime / track.timescale) * rate), width });
      }
    }
  }

  mark(arrived: () => void): void {
    if (this.answersAtOnce) arrived();
    else this.marks.push(arrived);
  }

  end(): void {
    return;
  }

  drop(): void {
    return;
  }

  numbers(kind: Sent['kind'] = 'video'): number[] {
    return this.sent.filter((each) => each.kind === kind).map(({ number }) => number);
  }

  /** The widths of what it was sent, in order, without repetition. */
  get widths(): number[] {
    return this.sent.map(({ width }) => width).filter((width, index, all) => width !== all[index - 1]);
  }

  ofType<Type extends ViewerMessage['type']>(type: Type): Extract<ViewerMessage, { type: Type }>[] {
    return this.messages.filter((message): message is Extract<ViewerMessage, { type: Type }> => message.type === type);
  }
}

export interface BenchedRendition {
  readonly id: string;
  readonly width: number;
  readonly bus: FragmentBus;
  /** How many pictures it comes after the source; it may be changed. */
  behind: number;
}

/** A source of tenths of a second, picture and sound, with renditions that come with it or some pictures later. */
export class RenditionBench {
  nowMs = 0;
  readonly source: BenchedRendition;
  readonly others: BenchedRendition[];
  readonly on: Set<string>;
  readonly viewers: Viewers;
  readonly changes: string[] = [];
  readonly #payloadBytes: number;
  readonly #hasSound: boolean;
  #time = 0;

  constructor({ others, payloadBytes = 5, hasSound = true, onChange = () => undefined }: {
    others: readonly { readonly id: string; readonly width: number; readonly behind?: number }[];
    payloadBytes?: number;
    hasSound?: boolean;
    onChange?: (change: RenditionChange) => void;
  }) {
    this.source = this.#rendition('source', 1280, 0);
    this.others = others.map(({ id, width, behind = 0 }) => this.#rendition(id, width, behind));
    this.on = new Set(others.map(({ id }) => id));
    this.#payloadBytes = payloadBytes;
    this.#hasSound = hasSound;
    this.viewers = new Viewers({
      bus: this.source.bus,
      renditions: () => new Map(this.others.filter(({ id }) => this.on.has(id)).map(({ id, bus }) => [id, bus])),
      onChange: (change) => {
        this.changes.push(`${change.rendition}: ${change.why}`);
        onChange(change);
      },
      now: () => this.nowMs,
    });
  }

  get time(): number {
    return this.#time;
  }

  start(): void {
    for (const each of [this.source, ...this.others]) each.bus.startTimeline(timelineOf(each.width, this.#hasSound));
    this.viewers.renditionsChanged();
  }

  /** So many tenths more, of each rendition what it has by then. */
  play(tenths: number, each: (time: number) => void = () => undefined): void {
    for (let done = 0; done < tenths; done++) {
      const time = this.#time++;
      this.nowMs += 1000 / rate;
      for (const rendition of [this.source, ...this.others]) {
        if (rendition !== this.source && !this.on.has(rendition.id)) continue;
        const picture = time - rendition.behind;
        // Sound comes when the source's does, whatever a rendition's pictures do.
        const fragments = [...(picture >= 0 ? [this.#picture(picture)] : []), ...(this.#hasSound ? [sound(time)] : [])];
        for (const one of fragments) rendition.bus.push([one]);
      }
      each(time);
    }
  }

  #rendition(id: string, width: number, behind: number): BenchedRendition {
    return { id, width, behind, bus: new FragmentBus({ maxBacklogBytes: 1e9, onDropped: (error) => { throw error; }, now: () => this.nowMs }) };
  }

  #picture(number: number): Fragment {
    const made = fragment([{ track: videoTrack, startSeconds: number / rate, durationSeconds: 1 / rate, keyframe: number % groupLength === 0 }], number);
    return { ...made, bytes: Buffer.concat([made.bytes, Buffer.alloc(this.#payloadBytes)]) };
  }
}

function sound(number: number): Fragment {
  return fragment([{ track: audioTrack, startSeconds: number / rate, durationSeconds: 1 / rate, keyframe: true }], number);
}

function timelineOf(width: number, hasSound: boolean): Timeline {
  const picture = { ...videoTrack, width, height: Math.round((width * 9) / 16) } as Track;
  return { init: readInitSegment(initSegment([picture, ...(hasSound ? [audioTrack] : [])])), captureTimeMs: 0 };
}

/** Whether each number comes once and in order, from the first to the last. */
export function withoutGap(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? NaN) + 1);
}

