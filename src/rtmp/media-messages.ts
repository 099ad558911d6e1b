import { flvBackPointerBytes, flvTagHeadBytes, readFlvTagHead } from '../flv/flv-tag.js';
import { FlvTracks } from '../source/flv-tracks.js';
import type { SourceEvent, SourceTrack } from '../source/source-events.js';
import { readAmf0 } from './wire/amf0.js';
import { messageType, type RtmpMessage } from './wire/message.js';

type Kind = SourceTrack['kind'];

const bothKinds: readonly Kind[] = ['video', 'audio'];
const maxNotices = 20;

/** What else may come between sound and pictures, and is of no use here. */
const expectedTypes: ReadonlySet<number> = new Set([messageType.setChunkSize, messageType.abort, messageType.acknowledgement, messageType.userControl, messageType.windowAcknowledgementSize, messageType.setPeerBandwidth]);

/** What encoders say of themselves and of their clock. */
const harmlessData: ReadonlySet<string> = new Set(['onMetaData', '@setDataFrame', '@clearDataFrame', '|RtmpSampleAccess', 'onFI', 'onStatus', '']);
const maxNameCharacters = 40;

/** Makes tracks and frames of what one publisher sends: sound, pictures, both in aggregates, and what it says of them. */
export class MediaMessages {
  readonly #tracks = new FlvTracks();
  readonly #noticed = new Set<number>();
  readonly #noticedData = new Set<string>();
  #awaited = bothKinds;
  #begun = false;

  /** `onMetaData`, its name and value in AMF 0: says what may be expected. */
  describe(metadata: Buffer): void {
    if (!this.#begun) this.#awaited = kindsIn(metadata);
  }

  /** Data besides `onMetaData`, by its name: told once each. */
  passOver(data: Buffer): SourceEvent[] {
    const name = nameIn(data);
    if (harmlessData.has(name) || this.#noticedData.has(name) || this.#noticedData.size >= maxNotices) return [];
    this.#noticedData.add(name);
    const what = name === 'additionalMedia' ? 'A further sound track (RTMP data "additionalMedia") is' : `RTMP data ${JSON.stringify(name)} is`;
    return [{ type: 'notice', code: 'passed-over', message: `${what} passed over: the first picture and the first sound are broadcast.` }];
  }

  /** What one message holds. */
  read({ type, timestamp, body }: RtmpMessage): SourceEvent[] {
    if (type === messageType.aggregate) return this.#aggregate(timestamp, body);
    if (type === messageType.audio || type === messageType.video) return this.#media(type, timestamp, body);
    if (expectedTypes.has(type) || this.#noticed.has(type) || this.#noticed.size >= maxNotices) return [];
    this.#noticed.add(type);
    return [{ type: 'notice', code: 'passed-over', message: `RTMP messages of type ${type} were passed over: expected sound (8), pictures (9) or both together (22).` }];
  }

  /** @param type of messages with sound or pictures, which is that of FLV's tags (§7.1.4, §7.1.5) */
  #media(type: number, timestamp: number, body: Buffer): SourceEvent[] {
    const events = this.#tracks.read(type, timestamp, body, 0);
    if (events.length === 0 || this.#begun) return events;
    this.#begun = true;
    return [{ type: 'recording', offset: 0 }, { type: 'header', header: { container: 'flv', tracks: [], awaited: this.#awaited } }, ...events];
  }

  /** Every part is an FLV tag, with its head and what stands behind it, §7.1.6; the message's own time is that of the first one. */
  #aggregate(timestamp: number, body: Buffer): SourceEvent[] {
    const events: SourceEvent[] = [];
    let firstMs: number | undefined;
    for (let at = 0; at + flvTagHeadBytes <= body.length; ) {
      const { type, bodyBytes, timestamp: partMs } = readFlvTagHead(body, at);
      firstMs ??= partMs;
      const begin = at + flvTagHeadBytes;
      if (begin + bodyBytes > body.length) break;
      events.push(...this.#media(type, (timestamp + partMs - firstMs) >>> 0, body.subarray(begin, begin + bodyBytes)));
      at = begin + bodyBytes + flvBackPointerBytes;
    }
    return events;
  }
}

/** What a publisher says it will send; who says nothing may send both. */
function kindsIn(metadata: Buffer): readonly Kind[] {
  const facts = factsIn(metadata);
  if (!facts) return bothKinds;
  const kinds: Kind[] = [...('videocodecid' in facts || 'width' in facts ? ['video' as const] : []), ...('audiocodecid' in facts || 'audiosamplerate' in facts ? ['audio' as const] : [])];
  return kinds.length > 0 ? kinds : bothKinds;
}

/** The string that data begins with. */
function nameIn(data: Buffer): string {
  const isString = data[0] === 2 && data.length >= 3;
  return isString ? data.toString('utf8', 3, 3 + Math.min(data.readUInt16BE(1), maxNameCharacters)) : '';
}

function factsIn(metadata: Buffer): object | undefined {
  try {
    const [, facts] = readAmf0(metadata);
    return typeof facts === 'object' && facts !== null ? facts : undefined;
  } catch {
    return undefined;
  }
}
