import { Feed, type FeedLine } from '../../src/cluster/feed.js';
import { parseFeedMessage, parseFeedRequest, type FeedMessage } from '../../src/cluster/feed-messages.js';
import type { OpenUpstream, Upstream, UpstreamEnd, UpstreamTarget } from '../../src/cluster/upstream.js';
import type { FragmentBus } from '../../src/live/fragment-bus.js';
import type { ViewerPlace } from '../../src/protocol/viewer-place.js';
import type { Viewers } from '../../src/live/viewers.js';

/** A broadcast of another node. */
export interface FedBroadcast {
  readonly broadcast: string;
  readonly run: string;
  readonly bus: FragmentBus;
  readonly viewers: Viewers;
}

/** One feed between two nodes, on no network: what is said is written down as text in between. */
export class FakeFeed implements Upstream, FeedLine {
  readonly closed: Promise<{ readonly end: UpstreamEnd; readonly cause: Error | undefined }>;
  readonly node: string;
  readonly heard: FeedMessage['type'][] = [];
  /** As if the line took nothing any more. */
  backlogBytes = 0;
  readonly #target: UpstreamTarget;
  #feed: Feed | undefined;
  #isOpen = true;
  #resolve!: (closed: { readonly end: UpstreamEnd; readonly cause: Error | undefined }) => void;

  constructor(node: string, target: UpstreamTarget) {
    this.node = node;
    this.#target = target;
    this.closed = new Promise((resolve) => (this.#resolve = resolve));
  }

  begin(fed: FedBroadcast, place: ViewerPlace | undefined): void {
    this.#feed = new Feed({ ...fed, line: this, place });
    if (!this.#isOpen) this.#feed.close();
  }

  message(message: FeedMessage): void {
    this.say(JSON.stringify(message));
  }

  /** Whatever it is, as if the owner said it. */
  say(text: string): void {
    if (!this.#isOpen) return;
    try {
      const message = parseFeedMessage(text);
      this.heard.push(message.type);
      if (!this.#target.message(message)) this.end('ended');
    } catch (error) {
      this.end('refused', error as Error);
    }
  }

  media(number: number, boxes: Buffer): void {
    if (!this.#isOpen) return;
    try {
      // Of its own: what comes over a network is nobody else's.
      this.#target.media(number, Buffer.from(boxes));
    } catch (error) {
      this.end('refused', error as Error);
    }
  }

  mark(arrived: () => void): void {
    if (this.backlogBytes === 0) arrived();
  }

  send(request: object): void {
    this.#feed?.watching(parseFeedRequest(JSON.stringify(request)));
  }

  close(code?: number): void {
    this.end(code === 1012 ? 'away' : 'lost');
  }

  end(end: UpstreamEnd, cause?: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#feed?.close();
    this.#resolve({ end, cause });
  }
}

/** Nodes by name, with what each has of the stream; one that is not there can't be reached. */
export class FakeNodes {
  readonly broadcasts = new Map<string, FedBroadcast>();
  readonly feeds: FakeFeed[] = [];

  readonly open: OpenUpstream = (_stream, node, place, target) => {
    const feed = new FakeFeed(node, target);
    this.feeds.push(feed);
    const fed = this.broadcasts.get(node);
    // As by a network: never at once.
    setImmediate(() => (fed ? feed.begin(fed, place) : feed.end('lost')));
    return feed;
  };

  get last(): FakeFeed {
    return this.feeds.at(-1)!;
  }
}
