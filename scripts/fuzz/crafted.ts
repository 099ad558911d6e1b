import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { isListed, readBlockingRequest } from '../../src/hls/blocking-request.js';
import { acceptsGzip, parseRange } from '../../src/http/media-reply.js';
import { isPlainHost } from '../../src/http/origin.js';
import { withoutSecrets } from '../../src/http/request-log.js';
import { addressGroup } from '../../src/access/address-budget.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import { PictureReader } from '../../src/live/picture.js';
import { parseChatMessage, parseChatRequest } from '../../src/protocol/chat-messages.js';
import { likenessOf, readChatName, readChatText } from '../../src/protocol/chat-text.js';
import { parsePublisherMessage } from '../../src/protocol/ingest-messages.js';
import { MediaMessages } from '../../src/rtmp/media-messages.js';
import { readPublishTarget } from '../../src/rtmp/publish-target.js';
import { readAmf0 } from '../../src/rtmp/wire/amf0.js';
import { ChunkReader } from '../../src/rtmp/wire/chunk-reader.js';
import { readJpeg } from '../../src/source/jpeg.js';
import { MatroskaWriter } from '../../src/source/matroska-writer.js';
import { SourceReader } from '../../src/source/source-reader.js';
import { describeWrapped, TextMediaReader } from '../../src/source/text-media.js';
import { costOf, type Cost } from './cost.js';
import { flvTags, matroska, mp4, ogg, transportStream } from './crafted-media.js';
import { headerTexts, jpegs, pictureUrls } from './crafted-requests.js';
import { amfValues, rtmpChunks } from './crafted-rtmp.js';
import { chatTexts, jsonTexts } from './crafted-texts.js';
import { takesIn } from './written-matroska.js';

/** One reader of what strangers send, and the worst that its authors could think of for it. */
export interface CraftedReader {
  readonly name: string;
  /** The longest input that the server lets through to it. */
  readonly maxBytes: number;
  readonly craft: (bytes: number) => readonly (readonly [idea: string, input: string | Buffer])[];
  /** Works one input off; refusals may be thrown. */
  readonly feed: (input: never) => void;
}

const messageBytes = 16 * 1024 * 1024;
/** Node's, of all headers of a request together. */
const headerBytes = 16 * 1024;
const listener = { onMessage: (): void => undefined, onReplaced: (): void => undefined };
const edge = { openMediaSequence: 1000, openParts: 2, partsOf: (sequence: number) => (sequence < 994 ? undefined : 6) };

export const craftedReaders: readonly CraftedReader[] = [
  ...Object.entries({ Matroska: matroska, MP4: mp4, FLV: flvTags, 'MPEG-TS': transportStream, Ogg: ogg }).flatMap(([container, craft]): CraftedReader[] => [
    { name: `recordings in ${container}: read`, maxBytes: messageBytes, craft, feed: (bytes: Buffer) => new SourceReader().push(bytes) },
    { name: `recordings in ${container}: read in slices of 1400 bytes`, maxBytes: messageBytes, craft, feed: (bytes: Buffer) => readSlices(new SourceReader(), bytes) },
    { name: `recordings in ${container}: up to where ffmpeg gets them`, maxBytes: messageBytes, craft, feed: ingest },
    { name: `recordings in ${container}: written for ffmpeg`, maxBytes: messageBytes, craft, feed: writeTakes },
  ]),
  { name: 'our own fragments', maxBytes: messageBytes, craft: mp4, feed: (bytes: Buffer) => new FragmentReader().push(bytes) },
  { name: 'single pictures', maxBytes: messageBytes, craft: jpegs, feed: (bytes: Buffer) => readJpeg(bytes) },
  { name: 'pictures and recordings as text', maxBytes: messageBytes, craft: pictureUrls, feed: (text: string) => new TextMediaReader().read(text) },
  { name: 'media wrapped in JSON', maxBytes: messageBytes, craft: jsonTexts, feed: (text: string) => describeWrapped(text) },
  { name: 'pictures that ffmpeg made', maxBytes: 1_000_000, craft: headerTexts, feed: (text: string) => new PictureReader().push(Buffer.from(text)) },
  { name: 'JSON of publishers', maxBytes: messageBytes, craft: jsonTexts, feed: (text: string) => parsePublisherMessage(text) },
  { name: 'JSON of a chat', maxBytes: 8192, craft: jsonTexts, feed: (text: string) => parseChatRequest(text) },
  { name: 'JSON of a chat, in the page', maxBytes: 8192, craft: jsonTexts, feed: (text: string) => parseChatMessage(text) },
  { name: 'texts of a chat', maxBytes: 8192, craft: chatTexts, feed: (text: string) => readChatText(text) },
  { name: 'names of a chat', maxBytes: 8192, craft: chatTexts, feed: (text: string) => likenessOf(readChatName(text)) },
  { name: 'RTMP: chunks, and FLV from them', maxBytes: messageBytes, craft: rtmpChunks, feed: readChunks },
  { name: 'RTMP: AMF 0', maxBytes: 65_536, craft: amfValues, feed: (bytes: Buffer) => readAmf0(bytes) },
  { name: 'RTMP: stream keys', maxBytes: 65_536, craft: headerTexts, feed: (text: string) => readPublishTarget(text, text) },
  { name: 'URLs in the log', maxBytes: headerBytes, craft: headerTexts, feed: (text: string) => withoutSecrets(text) },
  { name: 'Range', maxBytes: headerBytes, craft: headerTexts, feed: (text: string) => parseRange(text, 1000) },
  { name: 'Accept-Encoding', maxBytes: headerBytes, craft: headerTexts, feed: (text: string) => acceptsGzip(text) },
  { name: 'Host', maxBytes: headerBytes, craft: headerTexts, feed: (text: string) => isPlainHost(text) },
  { name: 'X-Forwarded-For', maxBytes: headerBytes, craft: headerTexts, feed: (text: string) => addressGroup(text) },
  { name: 'directives of a playlist', maxBytes: headerBytes, craft: headerTexts, feed: readDirectives },
];

export interface CraftedResult {
  readonly name: string;
  readonly inputs: number;
  readonly idea: string;
  readonly worst: Cost;
}

/** Some bytes may do what many do: a header, and what may be told before its bytes have come. */
export const allowedBytes = 65_536;

/** Feeds each reader its worst inputs at several lengths, and keeps what cost most a byte. */
export function measureCrafted({ lengths, goodCopies, onReader = () => undefined }: { readonly lengths: readonly number[]; readonly goodCopies: number; readonly onReader?: (result: CraftedResult) => void }): CraftedResult[] {
  return craftedReaders.map(({ name, maxBytes, craft, feed }) => {
    let [inputs, idea, worst]: [number, string, Cost | undefined] = [0, '', undefined];
    for (const length of new Set(lengths.map((wanted) => Math.min(wanted, maxBytes)))) {
      for (const [each, input] of craft(length)) {
        inputs++;
        const cost = costOf(typeof input === 'string' ? Buffer.from(input) : input, refusing(() => feed(input as never)), { rounds: 100, goodCopies, allowedBytes: maxBytes > allowedBytes ? allowedBytes : 1024 });
        if (cost.copies > (worst?.copies ?? -1)) [idea, worst] = [each, cost];
      }
    }
    if (!worst) throw new Error(`expected an input for ${name}, got none`);
    const result = { name, inputs, idea, worst };
    onReader(result);
    return result;
  });
}

function refusing(act: () => void): () => void {
  return () => {
    try {
      act();
    } catch {
      // Refusing is what a reader is for; what else it may not do, the mutated inputs show.
    }
  };
}

function readSlices(reader: SourceReader, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 1400) reader.push(bytes.subarray(at, at + 1400));
}

function ingest(bytes: Buffer): void {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = session.connect(listener);
  for (let at = 0; at < bytes.length; at += 65_536) void connection.write(bytes.subarray(at, at + 65_536));
  session.end();
}

/** As many takes as one message may begin. */
const maxTakes = 64;

function writeTakes(bytes: Buffer): void {
  for (const { tracks, frames } of takesIn(bytes).slice(0, maxTakes)) new MatroskaWriter(tracks).write(frames);
}

function readChunks(bytes: Buffer): void {
  const reader = new ChunkReader({ maxMessageBytes: 65_536 });
  const media = new MediaMessages();
  for (let at = 0; at < bytes.length; at += 65_536) {
    for (const message of reader.push(bytes.subarray(at, at + 65_536))) media.read(message);
  }
}

function readDirectives(text: string): void {
  const { until } = readBlockingRequest({ _HLS_msn: text, _HLS_part: text, _HLS_skip: text }, edge, 0.334);
  if (until) isListed(edge, until);
}
