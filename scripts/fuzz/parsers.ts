import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { isListed, readBlockingRequest } from '../../src/hls/blocking-request.js';
import { parseRange } from '../../src/http/media-reply.js';
import { withoutSecrets } from '../../src/http/request-log.js';
import { parseChatMessage, parseChatRequest } from '../../src/protocol/chat-messages.js';
import { likenessOf, readChatName, readChatText } from '../../src/protocol/chat-text.js';
import { parsePublisherMessage } from '../../src/protocol/ingest-messages.js';
import { MediaMessages } from '../../src/rtmp/media-messages.js';
import { readPublishTarget } from '../../src/rtmp/publish-target.js';
import { readAmf0, writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { ChunkReader } from '../../src/rtmp/wire/chunk-reader.js';
import { RtmpProtocolError } from '../../src/rtmp/wire/protocol-error.js';
import { plausible } from '../../src/source/plausible-facts.js';
import { SourceReader } from '../../src/source/source-reader.js';
import { fragmentBytes, initSegment, videoTrack } from '../../test/helpers/media-builder.js';
import { aacConfig, avcConfig, flv, keyframe, picture, sound } from '../../test/source/flv-builder.js';
import { mpegts } from '../../test/source/mpegts-builder.js';
import type { Dice } from './dice.js';
import { rtmpMessages } from './rtmp-messages.js';
import { mutateBytes, mutateText, slices } from './mutations.js';
import { checkPlan, mutateTake, takesIn, writeAndCheck, writerSeeds } from './written-matroska.js';

export interface ParserTarget {
  readonly name: string;
  /** Out of 100 inputs. */
  readonly share: number;
  /** Makes one input and feeds it; throws when the parser does what it must not. */
  readonly feed: (dice: Dice) => void;
}

const browserRecordings = ['chromium-vp8.webm', 'chromium-h264.mkv', 'chromium-h264.mp4', 'firefox-vp8.webm', 'chromium-audio.webm'].map((name) =>
  readFileSync(join(import.meta.dirname, '../../test/fixtures', name)).subarray(0, 60_000),
);
const recordings = [...browserRecordings, flv('av', [{ script: [2, 0, 10] }, avcConfig, aacConfig, keyframe(0), ...Array.from({ length: 60 }, (_, index) => (index % 2 ? sound(index * 20) : picture(index * 20)))]), mpegts()];
const fragmentedMp4 = Buffer.concat([
  initSegment([videoTrack]),
  ...[0, 1, 2].map((second) => fragmentBytes([{ track: videoTrack, startSeconds: second, durationSeconds: 1, keyframe: second === 0 }], Buffer.from('picture'))),
]);
const amfValues = writeAmf0(['connect', 1, { app: 'live', tcUrl: 'rtmp://live.example/live', capabilities: 239, list: [1, 'two', null], nested: { deep: { deeper: true } } }, undefined, 'x'.repeat(300)]);
const messages = ['{"type":"end"}', '{"type":"recording"}', '{"type":"recording","mimeType":"video/webm;codecs=vp8,opus"}', '[1,2]', '"end"'];
const chatMessages = ['{"type":"join","name":"Ann","key":"k","token":"a.1.b"}', '{"type":"message","text":"Hi"}', '{"type":"delete","id":1}', '{"type":"mute","person":"p"}', '{"type":"history","broadcast":"b","messages":[{"id":1,"person":"p","name":"Ann","text":"Hi","sentAtMs":1}]}'];
const chatTexts = ['Ann', '\u{1F469}\u200D\u{1F469}\u200D\u{1F467}', '\u202Etxet\u202C', 'Z\u0335\u0335a', '\u0645\u06CC\u200C\u062E'];
const edges = [0, 1, 5, 1000].map((openMediaSequence) => ({ openMediaSequence, openParts: 2, partsOf: (sequence: number) => (sequence < openMediaSequence - 6 ? undefined : 6) }));

const told = /^expected .*, got /s;

/** Everything that reads what strangers send, and keeps nothing. */
export const parserTargets: readonly ParserTarget[] = [
  {
    name: 'SourceReader: mutated recordings',
    share: 20,
    feed: (dice) => {
      const recording = dice.pick(recordings);
      // Headers are where the readers decide; now and then some clusters or fragments follow.
      const bytes = mutateBytes(dice, recording.subarray(0, dice.chance(50) ? 60_000 : 300 + dice.int(1700)));
      readSource(bytes, dice);
    },
  },
  { name: 'SourceReader: noise', share: 5, feed: (dice) => readSource(dice.chance(2) ? Buffer.concat([dice.pick(recordings).subarray(0, 4 + dice.int(12)), dice.bytes(dice.int(200))]) : dice.bytes(dice.int(200)), dice) },
  {
    name: 'MatroskaWriter: mutated recordings',
    share: 8,
    feed: (dice) => {
      for (const take of takesIn(mutateBytes(dice, dice.pick(recordings).subarray(0, 300 + dice.int(12_000))))) {
        checkPlan(take);
        writeAndCheck(dice, take);
      }
    },
  },
  { name: 'MatroskaWriter: mutated tracks and frames', share: 7, feed: (dice) => writeMutated(dice) },
  {
    name: 'FragmentReader: mutated fragments',
    share: 10,
    feed: (dice) => {
      const reader = new FragmentReader();
      // ffmpeg's own output: a RangeError in whatever words ends that broadcast alone.
      expectOnly(RangeError, /./, () => {
        for (const slice of slices(dice, mutateBytes(dice, fragmentedMp4))) reader.push(slice);
      });
    },
  },
  {
    name: 'chat messages',
    share: 6,
    feed: (dice) => {
      const text = mutateText(dice, dice.pick(chatMessages));
      expectOnly(TypeError, told, () => parseChatRequest(text));
      expectOnly(TypeError, told, () => parseChatMessage(text));
    },
  },
  {
    name: 'chat names and texts',
    share: 4,
    feed: (dice) => {
      const text = mutateText(dice, dice.chance(2) ? dice.pick(chatTexts) : dice.bytes(dice.int(600)).toString(dice.pick(['utf8', 'utf16le'])));
      expectOnly(TypeError, told, () => expectClean(readChatText(text), readChatText, 300));
      expectOnly(TypeError, told, () => {
        const name = readChatName(text);
        expectClean(name, readChatName, 32);
        likenessOf(name);
      });
    },
  },
  { name: 'parsePublisherMessage', share: 5, feed: (dice) => expectOnly(TypeError, told, () => parsePublisherMessage(mutateText(dice, dice.pick(messages)))) },
  {
    name: 'readBlockingRequest',
    share: 5,
    feed: (dice) => {
      const number = (): string | undefined => (dice.chance(4) ? undefined : dice.chance(2) ? String(dice.int(1010)) : mutateText(dice, String(dice.int(20))));
      const edge = dice.pick(edges);
      expectOnly(RangeError, told, () => {
        const { until } = readBlockingRequest({ _HLS_msn: number(), _HLS_part: number(), _HLS_skip: dice.pick([undefined, 'YES', 'v2', 'no']) }, edge, 0.334);
        if (until) isListed(edge, until);
      });
    },
  },
  {
    name: 'Range header',
    share: 5,
    feed: (dice) => {
      const size = dice.int(20);
      const range = parseRange(mutateText(dice, dice.pick(['bytes=0-', 'bytes=2-5', 'bytes=-3', 'bytes=1-2,4-5'])), size);
      if (typeof range === 'object' && !(range.start >= 0 && range.start <= range.end && range.end < size)) throw new Error(`a range of ${range.start} to ${range.end} in ${size} bytes`);
    },
  },
  {
    name: 'RTMP: chunks, and FLV from them',
    share: 10,
    feed: (dice) => {
      const reader = new ChunkReader({ maxMessageBytes: 5000 });
      const media = new MediaMessages();
      expectOnly(RtmpProtocolError, told, () => {
        for (const slice of slices(dice, mutateBytes(dice, rtmpMessages))) {
          for (const message of reader.push(slice)) media.read(message);
        }
      });
    },
  },
  { name: 'RTMP: AMF 0', share: 5, feed: (dice) => expectOnly(RtmpProtocolError, told, () => readAmf0(mutateBytes(dice, amfValues))) },
  { name: 'RTMP: stream keys', share: 5, feed: (dice) => void readPublishTarget(mutateText(dice, 'live?a=b'), mutateText(dice, 'cam?key=k&a=%20')) },
  {
    name: 'URLs in the log',
    share: 5,
    feed: (dice) => {
      const secret = 'S3CRET';
      const url = dice.pick([`/live/cam/publish?${mutateText(dice, 'a=1&b')}&key=${secret}`, `/live/${mutateText(dice, 'cam').replaceAll(/[?#]/g, '')}/~${secret}/index.m3u8`]);
      if (withoutSecrets(url).includes(secret)) throw new Error(`the log would tell ${JSON.stringify(url)}`);
    },
  },
];

function writeMutated(dice: Dice): void {
  const take = mutateTake(dice, dice.pick(writerSeeds));
  checkPlan({ ...take, tracks: take.tracks.map(plausible) });
  writeAndCheck(dice, take);
}

function readSource(bytes: Buffer, dice: Dice): void {
  const reader = new SourceReader();
  for (const slice of slices(dice, bytes)) {
    for (const event of reader.push(slice)) {
      if ('timeSeconds' in event && !Number.isFinite(event.timeSeconds)) throw new Error(`a time of ${event.timeSeconds}`);
    }
  }
}

/** What was cleaned once is clean, of the length that was promised, and hides nothing. */
function expectClean(text: string, read: (text: string) => string, maxCharacters: number): void {
  if (read(text) !== text) throw new Error(`${JSON.stringify(text)} is not clean: ${JSON.stringify(read(text))}`);
  if (Array.from(text).length > maxCharacters || /[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069\u200B\uFEFF]/u.test(text)) throw new Error(`${JSON.stringify(text)} is more than was promised`);
}

/** Refusing is what a parser is for, in words where they go to a client; everything else is a crash. */
function expectOnly(refusal: new (message: string) => Error, words: RegExp, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof refusal) || !words.test(error.message)) throw error;
  }
}

/** A slow input is slow again; a machine that did something else meanwhile, or cleared its memory, is not. */
function repeatMs(act: () => void): number {
  const times = [1, 2, 3].map(() => {
    const startedAt = performance.now();
    try {
      act();
    } catch {
      // told the first time
    }
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}

/** Feeds that many inputs to all targets by their share; what fails is told with the seed that repeats it. */
export function fuzzParsers({ seed, inputs, makeDice, onInput = () => undefined }: { seed: number; inputs: number; makeDice: (seed: number) => Dice; onInput?: (count: number, name: string) => void }): { name: string; inputs: number; slowestMs: number; failures: string[] }[] {
  let done = 0;
  return parserTargets.map(({ name, share, feed }) => {
    const failures: string[] = [];
    const wanted = Math.ceil((inputs * share) / 100);
    let slowestMs = 0;
    for (let index = 0; index < wanted; index++) {
      onInput(++done, name);
      const startedAt = performance.now();
      try {
        feed(makeDice(seed + index));
      } catch (error) {
        if (failures.length < 10) failures.push(`seed ${seed + index}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
      const tookMs = performance.now() - startedAt;
      if (tookMs > slowestMs) slowestMs = Math.max(slowestMs, Math.min(tookMs, repeatMs(() => feed(makeDice(seed + index)))));
    }
    return { name, inputs: wanted, slowestMs, failures };
  });
}
