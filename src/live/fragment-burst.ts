import type { FlvTags, FlvTimeline } from '../flv/flv-timeline.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import { reachOf, type Reach } from './reach.js';

/** Fragments that came in one go; each form they are sent in is built once, for all viewers. */
export class FragmentBurst {
  readonly startsWithKeyframe: boolean;
  readonly fragments: readonly Fragment[];
  readonly byteLength: number;
  #mp4: Buffer | undefined;
  #flv: FlvTags | undefined;
  #webSocketFrames: Buffer | undefined;
  #reach: Reach | undefined;

  constructor(fragments: readonly Fragment[], startsWithKeyframe: boolean) {
    this.fragments = fragments;
    this.byteLength = fragments.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.startsWithKeyframe = startsWithKeyframe;
  }

  /** The fragments one after another. */
  get mp4(): Buffer {
    return (this.#mp4 ??= Buffer.concat(this.fragments.map(({ bytes }) => bytes)));
  }

  /** @param timeline the one they belong to */
  flv(timeline: FlvTimeline): FlvTags {
    return (this.#flv ??= timeline.tags(this.fragments));
  }

  /** @param init the one they belong to */
  reachUnder(init: InitSegment): Reach {
    return (this.#reach ??= reachOf(this.fragments, init));
  }

  /** One unmasked binary WebSocket message a fragment (RFC 6455 §5.2), ready for the socket. */
  get webSocketFrames(): Buffer {
    return (this.#webSocketFrames ??= Buffer.concat(
      this.fragments.flatMap(({ bytes }) => [binaryFrameHeader(bytes.length), bytes]),
    ));
  }
}

/** Fragments as bursts, each beginning with a keyframe if it holds one. */
export function splitAtKeyframe(fragments: readonly Fragment[], init: InitSegment): FragmentBurst[] {
  const lead = init.tracks[0];
  const bursts: FragmentBurst[] = [];
  let start = 0;
  let startsWithKeyframe = false;
  for (const [index, { runs }] of fragments.entries()) {
    const isKeyframe = runs.some((run) => run.trackId === lead?.trackId && run.startsWithSync);
    if (!isKeyframe) continue;
    if (index > start) bursts.push(new FragmentBurst(fragments.slice(start, index), startsWithKeyframe));
    start = index;
    startsWithKeyframe = true;
  }
  bursts.push(new FragmentBurst(fragments.slice(start), startsWithKeyframe));
  return bursts;
}

const finalBinary = 0x82;

function binaryFrameHeader(payloadBytes: number): Buffer {
  if (payloadBytes < 126) return Buffer.from([finalBinary, payloadBytes]);
  if (payloadBytes < 0x10000) {
    const header = Buffer.from([finalBinary, 126, 0, 0]);
    header.writeUInt16BE(payloadBytes, 2);
    return header;
  }
  const header = Buffer.from([finalBinary, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
}
