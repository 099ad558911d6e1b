import { isStreamName } from '../protocol/urls.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { LiveError, toLiveError } from '../protocol/live-error.js';
import type { IngestConnection } from '../live/ingest-connection.js';
import type { Admission } from '../live/published-broadcast.js';
import type { SourceEvent } from '../source/source-events.js';
import { MediaMessages } from './media-messages.js';
import { failureStatus, status } from './publish-status.js';
import { application, isApplication, readPublishTarget, type PublishTarget } from './publish-target.js';
import { readCommand, RtmpConnection, type RtmpConnectionOptions } from './rtmp-connection.js';
import { writeAmf0, type AmfObject, type AmfValue } from './wire/amf0.js';
import { messageType, type RtmpMessage } from './wire/message.js';
import { RtmpProtocolError } from './wire/protocol-error.js';

export interface RtmpSessionOptions extends RtmpConnectionOptions {
  readonly maxMessageBytes: number;
  /** Why this connection is one too many, in words. */
  readonly refusal: string | undefined;
  /**
   * The broadcast to feed, for who may.
   * @throws {LiveError}
   */
  readonly admit: (publisher: RtmpPublisher, isGone: () => boolean) => Promise<Admission>;
  /** Where a stream is watched, for somebody who reached this server under a host name. */
  readonly urlsFor: (host: string, stream: string) => LiveStreamUrls;
  readonly onBytes: (count: number) => void;
  /** Told of a fault of this server's that no broadcast tells of. */
  readonly onFault: (fault: LiveError) => void;
}

/** Who wants to publish what. */
export interface RtmpPublisher extends PublishTarget {
  readonly address: string;
  /** The encoder, as it calls itself. */
  readonly userAgent: string | undefined;
}

/** A broadcast that this connection feeds. */
interface Feed {
  readonly streamId: number;
  readonly ingest: IngestConnection;
  readonly media: MediaMessages;
}

/** `@setDataFrame`, as it stands before the data that it is about. */
const setDataFrame = writeAmf0(['@setDataFrame']);
const onMetaData = writeAmf0(['onMetaData']);
const maxMetadataBytes = 65_536;

/** One client's connection: commands up to `publish`, then media, handed on strictly in order and no faster than it is taken. */
export class RtmpSession {
  /** Resolves when the connection is gone and its broadcast told. */
  readonly closed: Promise<void>;
  readonly #options: RtmpSessionOptions;
  readonly #connection: RtmpConnection;
  /** As `connect` named it. */
  #app: string | undefined;
  #host = '';
  #userAgent: string | undefined;
  #feed: Feed | undefined;

  constructor(options: RtmpSessionOptions) {
    this.#options = options;
    this.#connection = new RtmpConnection(options);
    this.closed = this.#connection.run(
      (messages) => this.#handle(messages),
      (error) => this.#fail(error),
    ).then(() => {
      // Gone without a goodbye: the broadcast waits for it to come back.
      this.#feed?.ingest.drop();
      this.#feed = undefined;
    });
  }

  /** Tells why and hangs up. Idempotent. */
  close(reason: LiveError): void {
    this.#leave(failureStatus(reason.code, reason.message));
  }

  async #handle(messages: readonly RtmpMessage[]): Promise<void> {
    let events: SourceEvent[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const [passed, count] = [events, bytes];
      events = [];
      bytes = 0;
      if (count === 0) return;
      this.#options.onBytes(count);
      await this.#feed?.ingest.writeEvents(passed, count);
    };
    for (const message of messages) {
      if (this.#connection.hungUp) break;
      if (message.type === messageType.commandAmf0 || message.type === messageType.commandAmf3) {
        await flush();
        await this.#command(message);
      } else if (message.type === messageType.dataAmf0 || message.type === messageType.dataAmf3) {
        const told = this.#describe(message);
        events.push(...told);
        if (told.length > 0) bytes += message.body.length;
      } else {
        events.push(...this.#read(message));
        bytes += message.body.length;
      }
    }
    await flush();
  }

  #read(message: RtmpMessage): SourceEvent[] {
    if (this.#feed) return this.#feed.media.read(message);
    const isMedia = message.type === messageType.audio || message.type === messageType.video || message.type === messageType.aggregate;
    if (isMedia) throw new LiveError('malformed', 'expected "publish" before sound and pictures, got none');
    return [];
  }

  #describe({ type, body }: RtmpMessage): SourceEvent[] {
    const values = type === messageType.dataAmf3 ? body.subarray(1) : body;
    const data = startsWith(values, setDataFrame) ? values.subarray(setDataFrame.length) : values;
    if (!startsWith(data, onMetaData)) return this.#feed?.media.passOver(data) ?? [];
    if (data.length <= maxMetadataBytes) this.#feed?.media.describe(Buffer.from(data));
    return [];
  }

  async #command(message: RtmpMessage): Promise<void> {
    const { name, transaction, args } = readCommand(message);
    switch (name) {
      case 'connect':
        return this.#connect(transaction, args[0]);
      case 'createStream':
        return this.#connection.command(0, '_result', transaction, null, 1);
      case 'publish':
        return this.#publish(message.streamId, args[1]);
      case 'play':
      case 'play2':
        return this.#refusePlaying(message.streamId, args[1]);
      case 'FCPublish':
        this.#connection.command(0, 'onFCPublish', 0, null, status('NetStream.Publish.Start', 'expecting "publish"'));
        return this.#connection.command(0, '_result', transaction, null, undefined);
      case 'FCUnpublish':
      case 'closeStream':
      case 'deleteStream':
        return this.#unpublish();
      default:
        // `releaseStream`, `_checkbw` and whatever else wants an answer gets one.
        if (transaction !== 0) this.#connection.command(0, '_result', transaction, null, undefined);
    }
  }

  #connect(transaction: number, command: AmfValue): void {
    const { refusal } = this.#options;
    const { app, tcUrl, flashVer } = typeof command === 'object' && command !== null && !Array.isArray(command) ? (command as AmfObject) : {};
    const named = typeof app === 'string' ? app : '';
    this.#host = hostOf(tcUrl) ?? this.#connection.localAddress;
    this.#userAgent = typeof flashVer === 'string' ? flashVer.slice(0, 200) : undefined;
    const words = refusal ?? (isApplication(named) ? undefined : `expected the server's address to end with /${application}, got /${excerpt(named)}`);
    if (words !== undefined) {
      this.#connection.command(0, '_error', transaction, null, { level: 'error', code: 'NetConnection.Connect.Rejected', description: words });
      return this.#connection.hangUp();
    }
    this.#app = named;
    this.#connection.announce();
    const properties = { fmsVer: 'FMS/3,0,1,123', capabilities: 31 };
    const info = { ...status('NetConnection.Connect.Success', 'connected'), objectEncoding: 0 };
    this.#connection.command(0, '_result', transaction, properties, info);
  }

  async #publish(streamId: number, name: AmfValue): Promise<void> {
    if (this.#app === undefined) throw new LiveError('malformed', 'expected "connect" before "publish", got none');
    if (this.#feed) throw new LiveError('malformed', 'expected one "publish" on a connection, got another one');
    const target = readPublishTarget(this.#app, typeof name === 'string' ? name : '');
    const { stream } = target;
    if (!isStreamName(stream)) throw new LiveError('malformed', `expected the stream key to be NAME?key=KEY with a name of letters, digits, "-" or "_", got the name ${JSON.stringify(excerpt(stream))}`);
    const publisher = { ...target, address: this.#connection.remoteAddress, userAgent: this.#userAgent };
    const { ingest: entry } = await this.#options.admit(publisher, () => this.#connection.over);
    const ingest: IngestConnection = entry.connect({
      onMessage: (message) => {
        if (message.type !== 'ended' || this.#feed?.ingest !== ingest) return;
        const { code, message: words } = message;
        this.#leave(code === undefined ? status('NetStream.Unpublish.Success', words) : failureStatus(code, words));
      },
      onReplaced: () => this.close(new LiveError('already-live', 'another connection of this publisher took the broadcast over')),
    });
    this.#feed = { streamId, ingest, media: new MediaMessages() };
    this.#connection.admit(this.#options.maxMessageBytes);
    this.#connection.beginStream(streamId);
    this.#connection.command(streamId, 'onStatus', 0, null, status('NetStream.Publish.Start', `"${stream}" is being published`));
    // Not before what an earlier connection brought: to come back again and again must not fill the memory.
    await entry.passedOn;
  }

  /** The publisher's own goodbye. */
  #unpublish(): void {
    const feed = this.#feed;
    if (!feed) return;
    this.#feed = undefined;
    feed.ingest.end();
    this.#connection.command(feed.streamId, 'onStatus', 0, null, status('NetStream.Unpublish.Success', 'The broadcast is over.'));
    this.#connection.expectSetup();
  }

  #refusePlaying(streamId: number, name: AmfValue): void {
    const { stream } = readPublishTarget('', typeof name === 'string' ? name : '');
    const urls = isStreamName(stream) ? this.#options.urlsFor(this.#host, stream) : undefined;
    const where = urls ? `watch it at ${urls.watch}, or in a player at ${urls.hls} or ${urls.flv}` : 'watch by HTTP';
    this.#leave({ level: 'error', code: 'NetStream.Play.Failed', description: `RTMP is for publishing here: ${where}` }, streamId);
  }

  /** What the publisher did wrong ends its broadcast: nothing is gained by waiting for it to come back. */
  #fail(error: unknown): void {
    const fault = error instanceof RtmpProtocolError ? new LiveError(error.code, error.message) : toLiveError(error);
    const ingest = this.#feed?.ingest;
    this.#leave(failureStatus(fault.code, fault.message));
    if (ingest) ingest.end(fault);
    else if (fault.code === 'internal') this.#options.onFault(fault);
  }

  #leave(info: AmfObject, streamId = this.#feed?.streamId ?? 1): void {
    this.#feed = undefined;
    if (this.#connection.over) return;
    this.#connection.command(streamId, 'onStatus', 0, null, info);
    this.#connection.hangUp();
  }
}

function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  return bytes.subarray(0, beginning.length).equals(beginning);
}

/** The host name in the address that a client says it connected to; undefined when it is none. */
function hostOf(tcUrl: AmfValue): string | undefined {
  return typeof tcUrl === 'string' ? /^rtmps?:\/\/([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?(\/|$)/.exec(tcUrl)?.[1] : undefined;
}

function excerpt(text: string): string {
  // What stands behind may be a key.
  const [shown = ''] = text.split('?');
  return shown.length > 64 ? `${shown.slice(0, 64)}…` : shown;
}
