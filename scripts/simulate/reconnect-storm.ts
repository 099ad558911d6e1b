import { seededRandom } from '../../test/helpers/seeded-random.js';
import { EventQueue } from './event-queue.js';

/**
 * A node dies, and all its viewers by WebSocket come to another one. Assumed:
 * - The pages' side is the SDK's own `ViewerSocket`, with its policy, jitter, timeouts and pings; only page, network and time are made up.
 * - The connections break for all at the same moment (code 1006), as when a process is killed.
 * - For `failoverMs` the proxy sends attempts to the node that died: each is refused after a round trip. Then all go to one other node.
 * - That node takes connections one after another, `joinMs` of its one core each, in the order in which they came; what was given up
 *   meanwhile costs as much. It has the stream: the node that died was not its owner.
 * - Round trips take `roundTripMs`, a half more or less.
 */
export interface StormAssumptions {
  readonly viewers: number;
  readonly failoverMs: number;
  readonly joinMs: number;
  readonly roundTripMs: number;
  readonly seed: number;
}

export interface Storm {
  /** From the death to the new connection's first word, a viewer each; those that were without one in the end are Infinity. Sorted. */
  readonly awayMs: readonly number[];
  /** Attempts that reached the other node, in the tenth of a second that had most, by ten. */
  readonly attemptsPerSecondAtMost: number;
  /** Of all attempts, also refused ones and those that were given up. */
  readonly attempts: number;
  /** Viewers whose path called sockets lost, and who fall back to HLS. */
  readonly givenUp: number;
}

/** The SDK is typed for browsers, this side for Node: what is used of it here. */
interface ViewerSocket {
  readonly closed: Promise<{ readonly reason: string }>;
  close(): void;
}
const sdk = new URL('../../src/web/sdk/', import.meta.url).href;

const settleMs = 2_000;
const watchedMs = 20_000;

export async function reconnectStorm({ viewers, failoverMs, joinMs, roundTripMs, seed }: StormAssumptions): Promise<Storm> {
  const { ViewerSocket } = (await import(`${sdk}playback/viewer-socket.ts`)) as { ViewerSocket: new (options: object) => ViewerSocket };
  const { ClockOffset } = (await import(`${sdk}playback/clock-offset.ts`)) as { ClockOffset: new () => object };
  const queue = new EventQueue();
  const random = seededRandom(seed);
  const roundTrip = (): number => roundTripMs * (0.5 + random());
  const awayMs = new Array<number>(viewers).fill(Infinity);
  const sockets: SimulatedSocket[] = [];
  const arrivals: number[] = [];
  let diedAtMs = Infinity;
  let busyUntilMs = 0;
  let attempts = 0;
  let givenUp = 0;

  const connect = (viewer: number): SimulatedSocket => {
    const socket = new SimulatedSocket(queue, roundTrip);
    sockets[viewer] = socket;
    if (queue.nowMs < diedAtMs) {
      queue.after(roundTrip(), () => socket.opened());
      return socket;
    }
    attempts += 1;
    if (queue.nowMs < diedAtMs + failoverMs) {
      queue.after(roundTrip(), () => socket.broken());
      return socket;
    }
    arrivals.push(queue.nowMs - diedAtMs);
    busyUntilMs = Math.max(busyUntilMs, queue.nowMs) + joinMs;
    queue.after(busyUntilMs - queue.nowMs + roundTrip(), () => {
      if (socket.isOver) return;
      socket.opened();
      awayMs[viewer] = Math.min(awayMs[viewer] ?? Infinity, queue.nowMs - diedAtMs);
    });
    return socket;
  };

  const opened: ViewerSocket[] = [];
  const open = (viewer: number): void => {
    const page = {
      online: true,
      nowMs: () => queue.nowMs,
      random,
      on: () => () => undefined,
      after: (delayMs: number, run: () => void) => queue.after(delayMs, run),
      every: (intervalMs: number, run: () => void) => queue.every(intervalMs, run),
      fetch: () => Promise.reject(new TypeError('no answer')),
      openSocket: () => connect(viewer),
    };
    const viewerSocket = new ViewerSocket({ url: () => 'wss://live.example/live/s/play', servers: undefined, clock: new ClockOffset(), page, onMessage: () => undefined, onMedia: () => undefined });
    void viewerSocket.closed.then(({ reason }) => (givenUp += reason === 'failed' ? 1 : 0));
    opened.push(viewerSocket);
  };
  // Nobody's clock ticks with anybody else's.
  for (let viewer = 0; viewer < viewers; viewer += 1) queue.after(random() * settleMs / 2, () => open(viewer));
  await queue.run(settleMs);
  diedAtMs = queue.nowMs;
  for (const socket of [...sockets]) socket.broken();
  await queue.run(settleMs + watchedMs);
  for (const viewerSocket of opened) viewerSocket.close();
  const tenths = new Map<number, number>();
  for (const atMs of arrivals) tenths.set(Math.floor(atMs / 100), (tenths.get(Math.floor(atMs / 100)) ?? 0) + 1);
  return { awayMs: awayMs.sort((a, b) => a - b), attemptsPerSecondAtMost: 10 * Math.max(0, ...tenths.values()), attempts, givenUp };
}

/** A browser's WebSocket to a server that answers pings after a round trip. */
class SimulatedSocket extends EventTarget {
  binaryType = 'blob';
  readonly bufferedAmount = 0;
  readonly url = 'wss://live.example/live/s/play';
  readonly #queue: EventQueue;
  readonly #roundTrip: () => number;
  isOver = false;

  constructor(queue: EventQueue, roundTrip: () => number) {
    super();
    this.#queue = queue;
    this.#roundTrip = roundTrip;
  }

  opened(): void {
    if (!this.isOver) this.dispatchEvent(new Event('open'));
  }

  broken(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' }));
  }

  send(text: string): void {
    const { sentAtMs } = JSON.parse(text) as { sentAtMs: number };
    this.#queue.after(this.#roundTrip(), () => {
      if (!this.isOver) this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'pong', sentAtMs, serverTimeMs: Math.round(this.#queue.nowMs) }) }));
    });
  }

  close(): void {
    this.isOver = true;
  }
}
