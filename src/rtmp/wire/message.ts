/** One RTMP message (Adobe's RTMP specification 1.0, §6). */
export interface RtmpMessage {
  readonly type: number;
  /** Milliseconds, modulo 2^32. */
  readonly timestamp: number;
  readonly streamId: number;
  readonly body: Buffer;
}

/** Message type ids, §5.4 and §7.1. */
export const messageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** User control events, §7.1.7. */
export const userControlEvent = { streamBegin: 0, pingRequest: 6, pingResponse: 7 } as const;

/** Chunk streams to answer on: 2 is for control messages (§5.4), the others are as everybody has them. */
export const chunkStream = { control: 2, command: 3 } as const;
