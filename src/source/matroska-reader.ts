import type { ByteFeed } from './byte-feed.js';
import type { ContainerReader, Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { children, peekElementHead, peekElementId, peekVint, text, unsigned, vintLength, type ElementHead } from './ebml.js';
import { elementId, readTickSeconds, readTracks } from './matroska-tracks.js';
import { tooManyTracks, type SourceEvent, type SourceTrack } from './source-events.js';

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
  /** Whether the block that decides about random access has been seen. */
  decided: boolean;
}

interface Block {
  readonly track: number;
  readonly ticks: number;
  readonly keyframe: boolean;
}

/** Walks one WebM or Matroska recording, RFC 9559; payload is skipped unseen. */
export class MatroskaReader implements ContainerReader {
  readonly #headerLimit: number;
  #docType: 'webm' | 'matroska' | undefined;
  #tracks: readonly SourceTrack[] | undefined;
  #kinds: ReadonlyMap<number, SourceTrack['kind']> = new Map();
  #hasVideo = false;
  #tickSeconds = 0.001;
  #headerTold = false;
  #cluster: Cluster | undefined;
  #group: { readonly endOffset: number; block: Block | undefined; refers: boolean } | undefined;

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
    if (!this.#headerTold) {
      // Of what lasts longer than the header, only the beginning belongs to it.
      const holdsMedia = head.id === elementId.cluster || head.id === elementId.segment;
      const end = feed.offset + head.headBytes + (holdsMedia ? 0 : head.dataBytes);
      if (end > this.#headerLimit) return { notMedia: 'expected a WebM or Matroska header, got one that is too long' };
    }
    if (this.#group !== undefined) return this.#inGroup(feed, head);
    if (head.id === elementId.segment || head.id === elementId.cluster) return this.#enter(feed, head, events);
    if (head.dataBytes > maxElementBytes) return 'lost';
    if (segmentChildren.has(head.id)) this.#cluster = undefined;
    if (this.#cluster !== undefined) return this.#inCluster(feed, head, this.#cluster, events);
    return this.#inHeader(feed, head);
  }

  #leaveWhatEnded(offset: number, events: SourceEvent[]): void {
    if (this.#group !== undefined && offset >= this.#group.endOffset) {
      const { block, refers } = this.#group;
      this.#group = undefined;
      if (block !== undefined) this.#tell({ ...block, keyframe: !refers }, events);
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
        const header = { container: this.#docType, tracks: this.#tracks };
        events.push({ type: 'header', header, endOffset: offset });
      }
      this.#cluster = { offset, endOffset: offset + head.headBytes + head.dataBytes, ticks: 0, decided: false };
    }
    feed.skip(head.headBytes);
    return 'again';
  }

  #inHeader(feed: ByteFeed, head: ElementHead): Step {
    const isWanted = head.id === elementId.ebml || head.id === elementId.info || head.id === elementId.tracks;
    if (isWanted && !this.#headerTold) {
      const element = feed.peek(head.headBytes + head.dataBytes);
      if (element === undefined) return 'more';
      const data = element.subarray(head.headBytes);
      if (head.id === elementId.tracks) {
        const tracks = readTracks(data);
        if (tracks === undefined) return { notMedia: tooManyTracks };
        this.#know(tracks);
      } else if (head.id === elementId.info) this.#tickSeconds = readTickSeconds(data);
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

  #know(tracks: readonly SourceTrack[]): void {
    this.#tracks = tracks;
    this.#kinds = new Map(tracks.toReversed().map(({ id, kind }) => [id, kind])); // the first of a number counts
    this.#hasVideo = tracks.some(({ kind }) => kind === 'video');
  }

  #inCluster(feed: ByteFeed, head: ElementHead, cluster: Cluster, events: SourceEvent[]): Step {
    if (head.id === elementId.blockGroup) {
      const endOffset = feed.offset + head.headBytes + head.dataBytes;
      this.#group = { endOffset, block: undefined, refers: false };
      feed.skip(head.headBytes);
      return 'again';
    }
    if (head.id === elementId.timestamp) {
      if (head.dataBytes > 8) return 'lost';
      const element = feed.peek(head.headBytes + head.dataBytes);
      if (element === undefined) return 'more';
      cluster.ticks = unsigned(element.subarray(head.headBytes));
    } else if (head.id === elementId.simpleBlock) {
      const block = peekBlock(feed, head);
      if (block === 'more') return 'more';
      if (block !== undefined) this.#tell(block, events);
    }
    feed.skip(head.headBytes + head.dataBytes);
    return 'again';
  }

  #inGroup(feed: ByteFeed, head: ElementHead): Step {
    const group = this.#group;
    if (group === undefined || feed.offset + head.headBytes + head.dataBytes > group.endOffset) return 'lost';
    if (head.id === elementId.block) {
      const block = peekBlock(feed, head);
      if (block === 'more') return 'more';
      group.block = block;
    } else if (head.id === elementId.referenceBlock) group.refers = true;
    feed.skip(head.headBytes + head.dataBytes);
    return 'again';
  }

  #tell(block: Block, events: SourceEvent[]): void {
    const cluster = this.#cluster;
    const kind = this.#kinds.get(block.track);
    if (cluster === undefined || kind === undefined) return;
    const { offset } = cluster;
    const timeSeconds = (cluster.ticks + block.ticks) * this.#tickSeconds;
    if ((kind === 'video' || !this.#hasVideo) && !cluster.decided) {
      cluster.decided = true;
      if (block.keyframe || kind === 'audio') events.push({ type: 'random-access', offset, timeSeconds });
    }
    events.push({ type: 'frame', offset, kind, timeSeconds, keyframe: block.keyframe || kind === 'audio' });
  }
}

function readDocType(data: Uint8Array): string {
  for (const element of children(data)) {
    if (element.id === elementId.docType) return text(element.data);
  }
  return 'matroska';
}

/** The head of a Block or SimpleBlock: track number, timestamp, flags (RFC 9559 §10.1); undefined when it can't be one. */
function peekBlock(feed: ByteFeed, { headBytes, dataBytes }: ElementHead): Block | 'more' | undefined {
  const numberBytes = dataBytes === 0 ? 9 : vintLength(feed.at(headBytes));
  if (numberBytes === undefined) return 'more';
  if (numberBytes > 8 || numberBytes + 3 > dataBytes) return undefined;
  const at = headBytes + numberBytes;
  const flags = feed.at(at + 2);
  const track = peekVint(feed, headBytes, numberBytes);
  if (flags === undefined || track === undefined) return 'more';
  const ticks = (((feed.at(at) ?? 0) << 24) >> 16) | (feed.at(at + 1) ?? 0);
  return { track, ticks, keyframe: (flags & 0x80) !== 0 };
}
