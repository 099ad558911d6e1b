import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment, Track } from '../fmp4/init-segment.js';
import { readSamples } from '../fmp4/samples.js';
import { flvHeader, flvTag, flvTagType, maxFlvTagBodyBytes } from './flv-tag.js';

/** Tags, and the time of the first of them. */
export interface FlvTags {
  /** undefined: there is none. */
  readonly startMs: number | undefined;
  readonly bytes: Buffer;
}

interface TimedTag {
  readonly decodeMs: number;
  readonly tag: Buffer;
}

// Of Adobe FLV 10.1 §E.4.2 and §E.4.3: AAC is always said to be stereo at 44 kHz, its own configuration counts.
const aac = 0xaf;
const avcKeyframe = 0x17;
const avcPicture = 0x27;
const sequenceHeader = 0;
const frame = 1;
/** Bytes of a picture's tag before the picture itself. */
const pictureHeadBytes = 5;
/** Composition times are signed numbers of 24 bits (§E.4.3.1): 2.3 hours. */
const maxCompositionMs = 0x7fffff;

/** Media under one init segment as FLV tags, at the times of the media. */
export class FlvTimeline {
  readonly #tracks: ReadonlyMap<number, Track>;

  constructor({ tracks }: InitSegment) {
    this.#tracks = new Map(tracks.map((track) => [track.trackId, track]));
  }

  /** What stands once at the head of a viewer's file. */
  get fileHeader(): Buffer {
    const kinds = [...this.#tracks.values()].map(({ kind }) => kind);
    return flvHeader({ video: kinds.includes('video'), audio: kinds.includes('audio') });
  }

  /** What decoders must know before the tags from this time on. */
  decoderHeaders(atMs: number): Buffer {
    return Buffer.concat(
      [...this.#tracks.values()].map(({ kind, configuration }) =>
        kind === 'video'
          ? flvTag(flvTagType.video, tagTime(atMs), Buffer.concat([Buffer.from([avcKeyframe, sequenceHeader, 0, 0, 0]), configuration]))
          : flvTag(flvTagType.audio, tagTime(atMs), Buffer.concat([Buffer.from([aac, sequenceHeader]), configuration])),
      ),
    );
  }

  /**
   * The fragments' frames, sound and picture in the order of their decode times. What a tag can't hold is left out (frames of 16 MiB),
   * or brought as near as it can be (composition times of hours).
   */
  tags(fragments: readonly Fragment[]): FlvTags {
    const tags = fragments.flatMap((fragment) => this.#tagsOf(fragment)).sort((a, b) => a.decodeMs - b.decodeMs);
    return { startMs: tags[0]?.decodeMs, bytes: Buffer.concat(tags.map(({ tag }) => tag)) };
  }

  #tagsOf(fragment: Fragment): TimedTag[] {
    return readSamples(fragment).flatMap(({ trackId, decodeTime, compositionOffset, isSync, bytes }) => {
      const track = this.#tracks.get(trackId);
      if (!track || bytes.length + pictureHeadBytes > maxFlvTagBodyBytes) return [];
      const decodeMs = milliseconds(decodeTime, track.timescale);
      if (track.kind === 'audio') return [{ decodeMs, tag: flvTag(flvTagType.audio, tagTime(decodeMs), Buffer.concat([Buffer.from([aac, frame]), bytes])) }];
      const head = Buffer.from([isSync ? avcKeyframe : avcPicture, frame, 0, 0, 0]);
      // From rounded time to rounded time, so that presentation times do not drift.
      const compositionMs = milliseconds(decodeTime + compositionOffset, track.timescale) - decodeMs;
      head.writeIntBE(Math.max(-maxCompositionMs, Math.min(maxCompositionMs, compositionMs)), 2, 3);
      return [{ decodeMs, tag: flvTag(flvTagType.video, tagTime(decodeMs), Buffer.concat([head, bytes])) }];
    });
  }
}

function milliseconds(ticks: number, timescale: number): number {
  return Math.round((ticks * 1000) / timescale);
}

/** Readers take timestamps for signed numbers of 32 bits: after 24.9 days they begin again. */
function tagTime(ms: number): number {
  return ms % 2 ** 31;
}
