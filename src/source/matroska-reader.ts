import type { ByteFeed } from './byte-feed.js';
import { maxFrameBytes, type ContainerReader, type Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { children, peekElementHead, peekElementId, text, unsigned, type ElementHead } from './ebml.js';
import { readBlock, type Block } from './matroska-block.js';
import { elementId, readTickNanoseconds, readTracks, type MatroskaTrack } from './matroska-tracks.js';
import { tooManyTracks, type SourceEvent } from './source-events.js';

/** Tracks with all that their codecs bring; what describes a recording is read in one go. */
const maxDescriptionBytes = 256 * 1024;
/** No element of a live stream is longer; a larger size is a sign of lost structure. */
const maxElementBytes = 2 ** 40;

const segmentChildren: ReadonlySet<number> = new Set([
  elementId.seekHead,
  elementId.info,
  elementId.tracks,
  elementId.cues,
  elementId.tags,
  elementId.chapters,
  elementId.attachments,
  elementId.cluster,
]);

interface Cluster {
  readonly offset: number;
  readonly endOffset: number;
  ticks: number;
}

interface Group {
  readonly endOffset: number;
  block: Block | undefined;
  refers: boolean;
  durationTicks: number | undefined;
}

/** Reads one WebM or Matroska recording, RFC 9559. */
export class MatroskaReader implements ContainerReader {
  readonly #headerLimit: number;
  #docType: 'webm' | 'matroska' | undefined;
  #tracks: ReadonlyMap<number, MatroskaTrack> | undefined;
  #tickNanoseconds = 1_000_000;
  #headerTold = false;
  #cluster: Cluster | undefined;
  #group: Group | undefined;

  /** @param options.headerLimit offset that the header must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    this.#leaveWhatEnded(feed.offset, events);
    const boundary = this.#docType !== undefined && this.#group === undefined;
    if (boundary && peekElementId(feed) === elementId.ebml) return 'recording';
    const head = peekElementHead(feed);
    if (head === 'more') return 'more';
    if (head === 'invalid') return this.#otherContainerOrLost(feed);
    if (!this.#headerTold && head.id !== elementId.cluster && head.id !== elementId.segment) {
      const end = feed.offset + head.headBytes + head.dataBytes;
      if (end > this.#headerLimit) return { notMedia: 'expected a WebM or Matroska header, got one that is too long' };
    }
    if (this.#group !== undefined) return this.#inGroup(feed, head, events);
    if (head.id === elementId.segment || head.id === elementId.cluster) return this.#enter(feed, head, events);
    if (head.dataBytes > maxElementBytes) return 'lost';
    if (segmentChildren.has(head.id)) this.#cluster = undefined;
    if (this.#cluster !== undefined) return this.#inCluster(feed, head, this.#cluster, events);
    return this.#inHeader(feed, head);
  }

  #leaveWhatEnded(offset: number, events: SourceEvent[]): void {
    if (this.#group !== undefined && offset >= this.#group.endOffset) {
      const { block, refers, durationTicks } = this.#group;
      this.#group = undefined;
      if (block !== undefined) this.#tell({ ...block, keyframe: !refers }, durationTicks, events);
    }
    if (this.#cluster !== undefined && offset >= this.#cluster.endOffset) this.#cluster = undefined;
  }

  #otherContainerOrLost(feed: ByteFeed): Step {
    const box = feed.peek(8);
    if (box === undefined) return 'more';
    if (this.#docType !== undefined && beginsRecording(box)) return 'recording';
    return this.#headerTold ? 'lost' : { notMedia: 'expected a WebM or Matroska header, got one that makes no sense' };
  }

  #enter(feed: ByteFeed, head: ElementHead, events: SourceEvent[]): Step {
    const offset = feed.offset;
    if (this.#docType === undefined) return { notMedia: 'expected a WebM or Matroska header, got media without one' };
    if (head.id === elementId.cluster) {
      if (!this.#headerTold) {
        if (this.#tracks === undefined) return { notMedia: `expected tracks in the ${this.#docType} header, got none` };
        this.#headerTold = true;
        const header = { container: this.#docType, tracks: [...this.#tracks.values()].map(({ track }) => track) };
        events.push({ type: 'header', header });
      }
      this.#cluster = { offset, endOffset: offset + head.headBytes + head.dataBytes, ticks: 0 };
    }
    feed.skip(head.headBytes);
    return 'again';
  }

  #inHeader(feed: ByteFeed, head: ElementHead): Step {
    const isWanted = head.id === elementId.ebml || head.id === elementId.info || head.id === elementId.tracks;
    if (isWanted && !this.#headerTold) {
      if (head.dataBytes > maxDescriptionBytes) return { notMedia: 'expected a WebM or Matroska header, got one that is too long' };
      const element = feed.peek(head.headBytes + head.dataBytes);
      if (element === undefined) return 'more';
      const data = element.subarray(head.headBytes);
      if (head.id === elementId.tracks) {
        const tracks = readTracks(data);
        if (tracks === undefined) return { notMedia: tooManyTracks };
        this.#tracks = new Map(tracks.map((each) => [each.track.id, each]));
      }
      else if (head.id === elementId.info) this.#tickNanoseconds = readTickNanoseconds(data);
      else {
        const docType = readDocType(data);
        if (docType !== 'webm' && docType !== 'matroska') {
          return { notMedia: `expected WebM or Matroska, got EBML of type ${JSON.stringify(docType)}` };
        }
        this.#docType = docType;
      }
    }
    feed.skip(head.headBytes + head.dataBytes);
    return 'again';
  }

  #inCluster(feed: ByteFeed, head: ElementHead, cluster: Cluster, events: SourceEvent[]): Step {
    if (head.id === elementId.blockGroup) {
      const endOffset = feed.offset + head.headBytes + head.dataBytes;
      this.#group = { endOffset, block: undefined, refers: false, durationTicks: undefined };
      feed.skip(head.headBytes);
      return 'again';
    }
    if (head.id === elementId.simpleBlock) {
      const block = takeBlock(feed, head, events);
      if (block === 'more') return 'more';
      if (block !== undefined) this.#tell(block, undefined, events);
      return 'again';
    }
    if (head.id === elementId.timestamp) {
      if (head.dataBytes > 8) return 'lost';
      const element = feed.peek(head.headBytes + head.dataBytes);
      if (element === undefined) return 'more';
      cluster.ticks = unsigned(element.subarray(head.headBytes));
    }
    feed.skip(head.headBytes + head.dataBytes);
    return 'again';
  }

  #inGroup(feed: ByteFeed, head: ElementHead, events: SourceEvent[]): Step {
    const group = this.#group;
    if (group === undefined || feed.offset + head.headBytes + head.dataBytes > group.endOffset) return 'lost';
    if (head.id === elementId.block) {
      const block = takeBlock(feed, head, events);
      if (block === 'more') return 'more';
      group.block = block;
      return 'again';
    }
    if (head.id === elementId.blockDuration && head.dataBytes <= 8) {
      const element = feed.peek(head.headBytes + head.dataBytes);
      if (element === undefined) return 'more';
      group.durationTicks = unsigned(element.subarray(head.headBytes));
    } else if (head.id === elementId.referenceBlock) group.refers = true;
    feed.skip(head.headBytes + head.dataBytes);
    return 'again';
  }

  #tell({ track: number, ticks, keyframe, frames }: Block, durationTicks: number | undefined, events: SourceEvent[]): void {
    const cluster = this.#cluster;
    const found = this.#tracks?.get(number);
    if (cluster === undefined || found === undefined) return;
    const { kind } = found.track;
    const startSeconds = ((cluster.ticks + ticks) * this.#tickNanoseconds) / 1e9;
    const stepSeconds = durationTicks === undefined ? (found.frameSeconds ?? 0) : (durationTicks * this.#tickNanoseconds) / 1e9 / frames.length;
    for (const [index, frame] of frames.entries()) {
      const timeSeconds = frames.length === 1 ? startSeconds : startSeconds + index * stepSeconds;
      const bytes = found.strippedHead ? Buffer.concat([found.strippedHead, frame]) : frame;
      events.push({ type: 'frame', offset: cluster.offset, track: number, kind, timeSeconds, decodeSeconds: timeSeconds, keyframe: keyframe || kind === 'audio', bytes });
    }
  }
}

function readDocType(data: Uint8Array): string {
  for (const element of children(data)) {
    if (element.id === elementId.docType) return text(element.data);
  }
  return 'matroska';
}

/** The block at the feed's position, which is moved behind it; undefined when it can't be one. */
function takeBlock(feed: ByteFeed, { headBytes, dataBytes }: ElementHead, events: SourceEvent[]): Block | 'more' | undefined {
  if (dataBytes > maxFrameBytes) {
    events.push({ type: 'notice', code: 'passed-over', message: `A picture of ${dataBytes} bytes was left out: at most ${maxFrameBytes} are taken.` });
    feed.skip(headBytes + dataBytes);
    return undefined;
  }
  const element = feed.take(headBytes + dataBytes);
  return element === undefined ? 'more' : readBlock(element, headBytes);
}
