import { Encoding, type GivenPictures } from './encoding.js';
import type { PictureRendition, Profile } from './picture-encoders.js';
import { tryRenditions, type Tried } from './trial.js';

/** What is to be recorded; frames come by streams, which are handed over. */
export interface EncodeRequest {
  /** Since the epoch, monotonic: `performance.timeOrigin + performance.now()`. */
  readonly startedAtMs: number;
  readonly picture: { readonly readable: ReadableStream<VideoFrame>; readonly standsStill: boolean; readonly frameRate: number; readonly profile: Profile; readonly renditions: readonly PictureRendition[] } | undefined;
  readonly sound: { readonly readable: ReadableStream<AudioData>; readonly bitsPerSecond: number } | undefined;
}

/** To who encodes. Each recording has a number. */
export type EncodeMessage =
  | ({ readonly type: 'begin'; readonly recording: number } & EncodeRequest)
  | { readonly type: 'bit-rates'; readonly recording: number; readonly bitsPerSecond: readonly number[] }
  /** Discarded: what was not given is not wanted. */
  | { readonly type: 'stop'; readonly recording: number; readonly discard: boolean }
  | { readonly type: 'try'; readonly width: number; readonly height: number; readonly frameRate: number; readonly renditions: readonly PictureRendition[] }
  | { readonly type: 'close' };

/** From who encodes; `ready` comes once, at the start, and `alive` twice a second from then on. */
export type EncodedMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'alive' }
  | { readonly type: 'bytes'; readonly recording: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'outgrown'; readonly recording: number; readonly size: { readonly width: number; readonly height: number } | undefined }
  | { readonly type: 'load'; readonly recording: number; readonly atMs: number; readonly queue: number; readonly skipped: number; readonly soundMissingMs: number; readonly pictures: readonly GivenPictures[] }
  | { readonly type: 'failed'; readonly recording: number; readonly message: string }
  | { readonly type: 'stopped'; readonly recording: number }
  | ({ readonly type: 'tried' } & Tried);

export interface EncodeEndpoint {
  onmessage: ((event: { readonly data: EncodeMessage }) => void) | null;
  postMessage(message: EncodedMessage, transfer: Transferable[]): void;
}

export interface EncodeServiceOptions {
  readonly startTicker: (intervalMs: number, onTick: () => void) => () => void;
  readonly nowMs: () => number;
  readonly onClosed: () => void;
}

const tickMs = 100;
const ticksPerSignOfLife = 5;
/** An encoder that does not come to an end is not waited for. */
const maxFlushMs = 1_500;

interface Recording {
  readonly encoding: Encoding;
  readonly stopReading: () => void;
}

/** Encodes what it is told to by messages. */
export function serveEncoding(endpoint: EncodeEndpoint, { startTicker, nowMs, onClosed }: EncodeServiceOptions): void {
  const recordings = new Map<number, Recording>();
  const tell = (message: EncodedMessage, transfer: Transferable[] = []): void => endpoint.postMessage(message, transfer);
  let ticks = 0;
  const stopTicker = startTicker(tickMs, () => {
    ticks += 1;
    if (ticks % ticksPerSignOfLife === 0) tell({ type: 'alive' });
    for (const [recording, { encoding }] of recordings) {
      encoding.tick();
      if (ticks % ticksPerSignOfLife === 0) tell({ type: 'load', recording, atMs: nowMs(), queue: encoding.queue, skipped: encoding.skipped, soundMissingMs: encoding.soundMissingMs, pictures: encoding.given });
    }
  });
  const begin = ({ recording, startedAtMs, picture, sound }: Extract<EncodeMessage, { type: 'begin' }>): void => {
    const encoding = new Encoding({
      startedAtMs,
      picture,
      sound,
      onBytes: (bytes) => tell({ type: 'bytes', recording, bytes }, [bytes.buffer]),
      onOutgrown: (size) => tell({ type: 'outgrown', recording, size }),
      onFailure: (error) => tell({ type: 'failed', recording, message: error instanceof Error || error instanceof DOMException ? error.message : String(error) }),
      nowMs,
    });
    const reading = [
      ...(picture === undefined ? [] : [readAll(picture.readable, (frame) => encoding.seePicture(frame))]),
      ...(sound === undefined ? [] : [readAll(sound.readable, (data) => encoding.hearSound(data))]),
    ];
    recordings.set(recording, { encoding, stopReading: () => reading.forEach((stop) => stop()) });
  };
  const stop = async (recording: number, discard: boolean): Promise<void> => {
    const stopped = recordings.get(recording);
    recordings.delete(recording);
    stopped?.stopReading();
    if (!discard && stopped !== undefined) await Promise.race([stopped.encoding.finish(), new Promise((resolve) => setTimeout(resolve, maxFlushMs))]);
    stopped?.encoding.close();
    tell({ type: 'stopped', recording });
  };
  endpoint.onmessage = ({ data }) => {
    if (data.type === 'begin') begin(data);
    if (data.type === 'bit-rates') recordings.get(data.recording)?.encoding.setBitRates(data.bitsPerSecond);
    if (data.type === 'stop') void stop(data.recording, data.discard);
    if (data.type === 'try') void tryRenditions(data, nowMs).then((tried) => tell({ type: 'tried', ...tried }));
    if (data.type !== 'close') return;
    stopTicker();
    void Promise.all([...recordings.keys()].map((recording) => stop(recording, true))).then(onClosed);
  };
  tell({ type: 'ready' });
}

/** @returns a function that stops it */
function readAll<Item extends { close(): void }>(readable: ReadableStream<Item>, onItem: (item: Item) => void): () => void {
  const reader = readable.getReader();
  let isStopped = false;
  const read = async (): Promise<void> => {
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      if (isStopped) value.close();
      else onItem(value);
    }
  };
  // A stream that breaks off gives nothing more: whoever opened its track is told of that.
  read().catch(() => undefined);
  return () => {
    isStopped = true;
    reader.cancel().catch(() => undefined);
  };
}
