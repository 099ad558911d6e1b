import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { PublishAdmission } from '../access/publish-admission.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import type { Admission } from '../live/published-broadcast.js';
import { settledWithin } from '../live/settled-within.js';
import { RtmpSession, type RtmpPublisher } from './rtmp-session.js';

export interface RtmpServerOptions {
  readonly broadcasts: Pick<LocalBroadcasts, 'admit'>;
  readonly admission: PublishAdmission;
  /** Counts a connection; answers in words when it is one too many. */
  readonly admitConnection: (socket: Socket) => string | undefined;
  readonly urlsFor: (host: string, stream: string) => LiveStreamUrls;
  readonly onBytes: (count: number) => void;
  /** See `RtmpSessionOptions`. */
  readonly onFault: (fault: LiveError) => void;
  readonly maxMessageBytes: number;
  /** From the connection to `publish`. */
  readonly setupTimeoutMs: number;
  readonly silenceTimeoutMs: number;
  /** A publisher sends many times a second: one that was silent for so long may have come back on another connection. */
  readonly seemsGoneAfterMs?: number;
}

/** More than a session takes to say goodbye. */
const closeTimeoutMs = 2000;

/** Takes publishers in by RTMP: OBS, ffmpeg, phones. */
export class RtmpServer {
  readonly #options: RtmpServerOptions;
  readonly #server: Server;
  readonly #sessions = new Set<RtmpSession>();
  #closed: Promise<void> | undefined;

  constructor(options: RtmpServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Resolves when it takes connections; rejects like `net.Server` does. */
  async listen({ host, port }: { host: string; port: number }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** The port that was taken, undefined while it does not listen. */
  get port(): number | undefined {
    return (this.#server.address() as AddressInfo | null)?.port;
  }

  /** Tells whoever is still connected, and lets go. Broadcasts have ended before this. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    if (this.#server.listening) this.#server.close();
    const reason = new LiveError('unavailable', 'the server is shutting down; try again in a minute');
    for (const session of this.#sessions) session.close(reason);
    // Their sockets are cut soon, but one may still wait for what it brought to be taken.
    await settledWithin(Promise.all([...this.#sessions].map(({ closed }) => closed)), closeTimeoutMs);
  }

  #welcome(socket: Socket): void {
    const { setupTimeoutMs, silenceTimeoutMs, maxMessageBytes, urlsFor, onBytes, onFault, admitConnection } = this.#options;
    const refusal = admitConnection(socket);
    const admit = (publisher: RtmpPublisher, isGone: () => boolean): Promise<Admission> => this.#admit(publisher, isGone);
    const session = new RtmpSession({ socket, refusal, setupTimeoutMs, silenceTimeoutMs, maxMessageBytes, urlsFor, onBytes, onFault, admit });
    this.#sessions.add(session);
    void session.closed.then(() => this.#sessions.delete(session));
  }

  async #admit(publisher: RtmpPublisher, isGone: () => boolean): Promise<Admission> {
    const { broadcasts, admission, seemsGoneAfterMs = 3000 } = this.#options;
    const { stream } = publisher;
    const keyId = await admission.requirePublisher({ ...publisher, expected: 'NAME?key=KEY, the stream key' }, stream);
    return broadcasts.admit(stream, { keyId, seemsGoneAfterMs }, isGone);
  }
}
