import { WebSocket } from 'ws';
import { errorCodes } from '../protocol/error-codes.js';
import { placeQuery, type ViewerPlace } from '../protocol/viewer-place.js';
import type { NodeProof } from './node-proof.js';
import { feedHeaders } from './feed-proof.js';
import { feedClose, feedPath, feedVersion, largestFeedMessage, parseFeedMessage, type FeedMessage, type FeedRequest } from './feed-messages.js';

/**
 * How a connection to the owner of a broadcast ended. `ended`: so did the broadcast, for those who watch here. `away`: it goes on at another node. `absent`: it is not there.
 * `refused`: that node knows no such feed, or speaks it otherwise. `lost`: nobody knows.
 */
export type UpstreamEnd = 'ended' | 'away' | 'absent' | 'refused' | 'lost';

/** What comes on it; both may throw a RangeError: it is refused then. */
export interface UpstreamTarget {
  /** @returns false: nothing more is wanted, the broadcast is over */
  message(message: FeedMessage): boolean;
  media(number: number, boxes: Buffer): void;
}

/** The one connection by which a node is sent a broadcast of another one. */
export interface Upstream {
  /** Never rejects. */
  readonly closed: Promise<{ readonly end: UpstreamEnd; readonly cause: Error | undefined }>;
  send(request: FeedRequest): void;
  /** Ends it as `lost`. */
  close(): void;
}

/** @param place up to where all has come before: what was missed since is sent at once; undefined: nothing did */
export type OpenUpstream = (stream: string, node: string, place: ViewerPlace | undefined, target: UpstreamTarget) => Upstream;

export interface UpstreamPatience {
  /** For the other node to answer at all. */
  readonly answerMs: number;
  /** How often it is asked for a sign of life: its process may stand still while the connection stays open. */
  readonly askEveryMs: number;
}

const usualPatience: UpstreamPatience = { answerMs: 5000, askEveryMs: 2000 };
/** After so many questions without any answer it is given up. */
const mostUnanswered = 3;

/** Opens feeds of other nodes by WebSocket. @param rules see `FeedRouteOptions` */
export function upstreamsBy(proof: NodeProof, rules: string, patience = usualPatience): OpenUpstream {
  return (stream, node, place, target) => {
    const url = new URL(`${feedPath}${stream}?version=${feedVersion}&rules=${rules}`, node);
    if (place) for (const [name, value] of Object.entries(placeQuery(place))) url.searchParams.set(name, value);
    return new SocketUpstream({ url, headers: feedHeaders(proof, url), target, patience });
  };
}

interface SocketUpstreamOptions {
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly target: UpstreamTarget;
  readonly patience: UpstreamPatience;
}

class SocketUpstream implements Upstream {
  readonly closed: Promise<{ readonly end: UpstreamEnd; readonly cause: Error | undefined }>;
  readonly #socket: WebSocket;
  readonly #target: UpstreamTarget;
  #end: UpstreamEnd | undefined;
  #cause: Error | undefined;
  #unanswered = 0;

  constructor({ url, headers, target, patience: { answerMs, askEveryMs } }: SocketUpstreamOptions) {
    this.#target = target;
    const address = `${url.protocol === 'https:' ? 'wss:' : 'ws:'}//${url.host}${url.pathname}${url.search}`;
    this.#socket = new WebSocket(address, { headers, handshakeTimeout: answerMs, maxPayload: largestFeedMessage.binary, perMessageDeflate: false });
    const timer = setInterval(() => this.#ask(), askEveryMs);
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', (code) => {
        clearInterval(timer);
        resolve({ end: this.#end ?? endOf(code), cause: this.#cause });
      });
    });
    this.#socket.on('error', (error) => (this.#cause ??= error));
    this.#socket.on('unexpected-response', (asking, answer) => {
      const { statusCode = 0 } = answer;
      this.#cause = new Error(`expected the other node to feed this one, got HTTP ${statusCode}`);
      // Other than those, it may do so in a moment.
      if (statusCode < 500 && statusCode !== 429) this.#end = 'refused';
      asking.destroy();
      this.#socket.terminate();
    });
    this.#socket.on('pong', () => (this.#unanswered = 0));
    this.#socket.on('message', (data: Buffer, isBinary) => this.#heard(data, isBinary));
  }

  send(request: FeedRequest): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(request));
  }

  close(): void {
    this.#socket.terminate();
  }

  #heard(data: Buffer, isBinary: boolean): void {
    this.#unanswered = 0;
    if (this.#end !== undefined) return;
    try {
      if (isBinary) this.#target.media(data[0] ?? 0, data.subarray(1));
      else if (!this.#target.message(parseFeedMessage(data.toString('utf8')))) this.#endAs('ended');
    } catch (error) {
      this.#cause = error instanceof Error ? error : new Error(String(error));
      this.#endAs('refused');
    }
  }

  #endAs(end: UpstreamEnd): void {
    this.#end = end;
    this.#socket.terminate();
  }

  #ask(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#unanswered++ < mostUnanswered) return this.#socket.ping();
    this.#cause = new Error('expected a sign of life of the other node, got none for too long');
    this.#socket.terminate();
  }
}

function endOf(code: number): UpstreamEnd {
  switch (code) {
    case feedClose.away:
      return 'away';
    case feedClose.absent:
      return 'absent';
    case errorCodes.malformed.closeCode:
      return 'refused';
    default:
      return 'lost';
  }
}
