import { beginsRecording } from '../source/container-sniffer.js';
import type { IngestConnection, IngestListener } from './ingest-connection.js';
import type { IngestSession } from './ingest-session.js';

/** What a socket of a pair brings: the first blob of each recording, or all that follows it. */
export type IngestPart = 'blob' | 'chunk';

const otherEndsWithinMs = 1000;

/** Where a socket connects: the session itself, or one part of it. */
export type IngestEntry = Pick<IngestSession, 'received' | 'safe' | 'passedOn' | 'resumeToken' | 'goesOn' | 'connect'>;

/**
 * One publisher on two connections: one brings the first blob of a recording, with its header, whenever the recorder was
 * started anew; the other one brings the chunks that follow. They are joined in the order in which they arrive.
 */
export class TwoSocketIngest {
  readonly #session: IngestEntry;
  readonly #listeners = new Map<IngestPart, IngestListener>();
  /** Those that have said goodbye. */
  readonly #ended = new Set<IngestPart>();
  #endTimer: NodeJS.Timeout | undefined;
  #connection: IngestConnection | undefined;
  /** Waits for the chunk that follows it: that shows whether the chunks have the header themselves. */
  #blob: Uint8Array | undefined;
  /** Chunks can be read: the beginning of their recording came. */
  #begun = false;

  constructor(session: IngestEntry) {
    this.#session = session;
  }

  entry(part: IngestPart): IngestEntry {
    const session = this.#session;
    return {
      get received() {
        return session.received;
      },
      // Of bytes by two ways nobody can say where to begin.
      safe: undefined,
      goesOn: session.goesOn,
      get passedOn() {
        return session.passedOn;
      },
      resumeToken: session.resumeToken,
      connect: (listener) => this.#connect(part, listener),
    };
  }

  /** A later connection of the same part takes over from an earlier one. */
  #connect(part: IngestPart, listener: IngestListener): IngestConnection {
    this.#listeners.get(part)?.onReplaced();
    this.#listeners.set(part, listener);
    // What was on its way to the connection before is lost: its recording has a hole.
    if (part === 'chunk') this.#begun = false;
    const connection = (this.#connection ??= this.#session.connect({
      onMessage: (message) => this.#listeners.forEach((each) => each.onMessage(message)),
      onReplaced: () => this.#listeners.forEach((each) => each.onReplaced()),
      onMoved: () => this.#listeners.forEach((each) => each.onMoved?.()),
    }));
    const isCurrent = (): boolean => this.#listeners.get(part) === listener;
    return {
      write: async (bytes) => {
        if (isCurrent()) await (part === 'blob' ? this.#takeBlob(connection, bytes) : this.#takeChunk(connection, bytes));
      },
      writeEvents: (events, byteLength) => (isCurrent() ? connection.writeEvents(events, byteLength) : Promise.resolve()),
      writePicture: (jpeg) => (isCurrent() ? connection.writePicture(jpeg) : Promise.resolve()),
      // A blob says so by itself.
      beginRecording: () => undefined,
      tellCaptureTime: (captureTimeMs) => {
        if (isCurrent()) connection.tellCaptureTime(captureTimeMs);
      },
      end: () => {
        if (!isCurrent()) return;
        this.#ended.add(part);
        this.#endWithTheOther(connection);
      },
      drop: () => {
        if (isCurrent()) this.#drop(part, connection);
      },
    };
  }

  async #takeBlob(connection: IngestConnection, bytes: Uint8Array): Promise<void> {
    // A recording that was over before a chunk of it came.
    const before = this.#begin(connection);
    this.#blob = bytes;
    await before;
  }

  async #takeChunk(connection: IngestConnection, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#blob && startsAlike(this.#blob, bytes)) {
      this.#blob = undefined;
      connection.beginRecording();
      this.#begun = true;
    }
    const beginning = this.#begin(connection);
    this.#begun ||= mayBeHeader(bytes);
    await Promise.all([beginning, this.#begun && connection.write(bytes)]);
  }

  /** The blob that waits begins its recording. */
  async #begin(connection: IngestConnection): Promise<void> {
    const blob = this.#blob;
    if (!blob) return;
    this.#blob = undefined;
    this.#begun = true;
    connection.beginRecording();
    await connection.write(blob);
  }

  /** A page closes both at once, and what is on its way by one must not be cut off by the end of the other. */
  #endWithTheOther(connection: IngestConnection): void {
    const end = (): void => {
      clearTimeout(this.#endTimer);
      void this.#begin(connection);
      connection.end();
    };
    if ([...this.#listeners.keys()].every((part) => this.#ended.has(part))) end();
    else this.#endTimer ??= setTimeout(end, otherEndsWithinMs);
  }

  #drop(part: IngestPart, connection: IngestConnection): void {
    this.#listeners.delete(part);
    if (this.#ended.size > 0) return this.#endWithTheOther(connection);
    if (this.#listeners.size > 0) return;
    void this.#begin(connection);
    this.#connection = undefined;
    connection.drop();
  }
}

function startsAlike(one: Uint8Array, other: Uint8Array): boolean {
  const length = Math.min(one.length, other.length);
  return Buffer.from(one.buffer, one.byteOffset, length).equals(Buffer.from(other.buffer, other.byteOffset, length));
}

/** Also the single byte that Chromium's recorder may begin with. */
function mayBeHeader(bytes: Uint8Array): boolean {
  return beginsRecording(bytes) || (bytes.length === 1 && bytes[0] === 0x1a);
}
