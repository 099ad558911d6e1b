import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { PublishAdmission } from '../access/publish-admission.js';
import type { LiveStreamUrls } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { Broadcast } from '../live/broadcast.js';
import { settledWithin } from '../live/settled-within.js';
import { RtmpSession, type RtmpPublisher } from './rtmp-session.js';

export interface RtmpServerOptions {
  readonly registry: LiveRegistry;
  readonly admission: PublishAdmission;
  /** Counts a connection; answers in words when it is one too many. */
  readonly admitConnection: (socket: Socket) => string | undefined;
  /** Why no broadcast can be taken now, in words; undefined when one can. */
  readonly unavailableReason: () => string | undefined;
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

/** A publisher of RTMP can't keep a resume token: it is kept here, and its key stands for it. */
interface ActiveSession {
  readonly key: string;
  readonly resumeToken: string;
  readonly session: RtmpSession;
}

/** More than a session takes to say goodbye. */
const closeTimeoutMs = 2000;

/** Takes publishers in by RTMP: OBS, ffmpeg, phones. */
export class RtmpServer {
  readonly #options: RtmpServerOptions;
  readonly #server: Server;
  readonly #sessions = new Set<RtmpSession>();
  /** By the name of the live stream. */
  readonly #active = new Map<string, ActiveSession>();
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

  /** Tells whoever is still connected, and lets go. Broadcasts are ended by the registry, before this. Idempotent. */
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
    const admit = (publisher: RtmpPublisher, session: RtmpSession): Promise<Broadcast> => this.#admit(publisher, session);
    const session = new RtmpSession({ socket, refusal, setupTimeoutMs, silenceTimeoutMs, maxMessageBytes, urlsFor, onBytes, onFault, admit });
    this.#sessions.add(session);
    void session.closed.then(() => this.#sessions.delete(session));
  }

  async #admit(publisher: RtmpPublisher, session: RtmpSession): Promise<Broadcast> {
    const { registry, admission, unavailableReason } = this.#options;
    const { stream } = publisher;
    const key = await admission.requirePublisher({ ...publisher, expected: 'NAME?key=KEY, the stream key' }, stream);
    if (session.silentMs === Infinity) throw new LiveError('unavailable', 'the connection is gone');
    const reason = unavailableReason();
    const broadcast = this.#comeBack(stream, key);
    if (!broadcast && reason !== undefined) throw new LiveError('unavailable', reason);
    const taken = broadcast ?? registry.publish(stream);
    const active = { key, resumeToken: taken.ingest.resumeToken, session };
    this.#active.set(stream, active);
    void taken.closed.then(() => {
      if (this.#active.get(stream) === active) this.#active.delete(stream);
    });
    return taken;
  }

  /** The broadcast that the same publisher lost, or is about to lose. */
  #comeBack(stream: string, key: string): Broadcast | undefined {
    const { seemsGoneAfterMs = 3000 } = this.#options;
    const active = this.#active.get(stream);
    if (active?.key !== key || active.session.silentMs < seemsGoneAfterMs) return undefined;
    try {
      return this.#options.registry.resume(stream, active.resumeToken);
    } catch (error) {
      // It ended in between: a new one can be begun.
      if (error instanceof LiveError && error.code === 'not-found') return undefined;
      throw error;
    }
  }
}
