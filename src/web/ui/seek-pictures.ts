import { attachMediaSource } from '../sdk/playback/media-source.js';
import { element } from './element.js';
import { readKeyframes, readKeyframeVariant, type Keyframe } from './keyframe-list.js';
import { pictureAlone, pictureTrack } from './picture-track.js';

/** A list that grows is asked for again after so long, when something newer is wanted. */
const freshMs = 5000;
const shownWithinMs = 3000;

interface KeyframeList {
  readonly keyframes: readonly Keyframe[];
  readonly codecs: string;
  readonly atMs: number;
}

/**
 * Pictures for a seek bar: the keyframe before a place, by its range of the segment (RFC 8216bis §4.4.3.6), decoded in a small video. No picture is
 * made or kept anywhere, and nothing is loaded twice in a row.
 */
export class SeekPictures {
  readonly element = element('video', { muted: true, playsinline: true, tabindex: '-1' });
  readonly #hls: string;
  readonly #dated: boolean;
  readonly #inits = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  #list: KeyframeList | undefined;
  #buffer: { readonly source: MediaSource; readonly buffer: SourceBuffer } | undefined;
  #shown: string | undefined;
  /** One after another. */
  #work: Promise<unknown> = Promise.resolve();

  /** @param hls `index.m3u8` of a recording, or `dvr.m3u8` of a live stream */
  constructor(hls: string) {
    this.#hls = hls;
    this.#dated = new URL(hls).pathname.endsWith('/dvr.m3u8');
    this.element.muted = true;
  }

  /** Resolves whether a picture is there now. Of several calls the last one counts. */
  show(seconds: number): Promise<boolean> {
    const done = this.#work.then(() => this.#show(seconds));
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #show(seconds: number): Promise<boolean> {
    const list = await this.#listFor(seconds);
    const keyframe = list?.keyframes.findLast((each) => each.seconds <= seconds) ?? list?.keyframes[0];
    if (list === undefined || keyframe === undefined) return false;
    const name = `${keyframe.url}#${keyframe.start}`;
    if (this.#shown === name) return true;
    const init = await this.#initOf(keyframe.mapUrl);
    const trackId = pictureTrack(init);
    if (trackId === undefined) return false;
    const media = await bytesOf(keyframe.url, keyframe);
    const { source, buffer } = (this.#buffer ??= await this.#open(list.codecs));
    await append(buffer, pictureAlone(init, trackId));
    await emptied(buffer);
    await append(buffer, pictureAlone(media, trackId));
    // So decoders give what they hold back.
    source.endOfStream();
    if (buffer.buffered.length === 0) return false;
    await this.#seek(buffer.buffered.start(0));
    this.#shown = name;
    return true;
  }

  async #listFor(seconds: number): Promise<KeyframeList | undefined> {
    const nowMs = performance.now();
    const newest = this.#list?.keyframes.at(-1)?.seconds ?? -Infinity;
    if (this.#list !== undefined && (seconds <= newest || nowMs - this.#list.atMs < freshMs)) return this.#list;
    const variant = readKeyframeVariant(await textOf(this.#hls), this.#hls);
    if (variant === undefined) return undefined;
    this.#list = { keyframes: readKeyframes(await textOf(variant.url), variant.url, this.#dated), codecs: variant.codecs, atMs: nowMs };
    return this.#list;
  }

  #initOf(url: string): Promise<Uint8Array<ArrayBuffer>> {
    const init = this.#inits.get(url) ?? bytesOf(url);
    this.#inits.set(url, init);
    init.catch(() => this.#inits.delete(url));
    return init;
  }

  async #open(codecs: string): Promise<{ source: MediaSource; buffer: SourceBuffer }> {
    const { source } = await attachMediaSource(this.element, new AbortController().signal);
    return { source, buffer: source.addSourceBuffer(`video/mp4; codecs="${codecs}"`) };
  }

  async #seek(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(late);
        this.element.removeEventListener('seeked', done);
        resolve();
      };
      const late = setTimeout(done, shownWithinMs);
      this.element.addEventListener('seeked', done);
      this.element.currentTime = seconds;
    });
  }
}

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`);
  return answer.text();
}

async function bytesOf(url: string, range?: { readonly start: number; readonly byteLength: number }): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(url, range && { headers: { range: `bytes=${range.start}-${range.start + range.byteLength - 1}` } });
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** What a buffer does, done. @throws {Error} when it can't read that */
function updated(buffer: SourceBuffer, run: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (event: Event): void => {
      buffer.removeEventListener('updateend', settle);
      buffer.removeEventListener('error', settle);
      if (event.type === 'error') reject(new Error('the browser can not decode this picture'));
      else resolve();
    };
    buffer.addEventListener('updateend', settle);
    buffer.addEventListener('error', settle);
    run();
  });
}

const append = (buffer: SourceBuffer, bytes: Uint8Array<ArrayBuffer>): Promise<void> => updated(buffer, () => buffer.appendBuffer(bytes));
const emptied = (buffer: SourceBuffer): Promise<void> => updated(buffer, () => buffer.remove(0, Infinity));
