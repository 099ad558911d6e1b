import { readdir } from 'node:fs/promises';
import type { IngestConnection } from '../../src/live/ingest-connection.js';
import { LocalBroadcasts, type LocalBroadcastsOptions } from '../../src/live/local-broadcasts.js';
import { MemoryDirectory } from '../../src/live/memory-directory.js';
import type { Broadcast } from '../../src/live/broadcast.js';
import { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { Semaphore } from '../../src/live/semaphore.js';
import type { Publisher } from '../../src/live/taking-over.js';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { temporaryDirectory, type Teardown } from '../helpers/programs.js';
import { fixture } from '../source/fixture.js';
import { FakeTranscoder } from './fake-transcoder.js';

/** The beginning of a real recording: its header and its first clusters. */
export const recording = fixture('chromium-vp8.webm').subarray(0, 20_000);

export interface Studio {
  readonly broadcasts: LocalBroadcasts;
  readonly directory: MemoryDirectory;
  readonly transcoders: FakeTranscoder[];
  readonly segmentsDirectory: string;
  readonly warnings: string[];
  /** Lets a publisher in: a page without a token, if nothing else is said. */
  readonly publish: (stream: string, publisher?: Partial<Publisher>) => Promise<Broadcast>;
  readonly running: (stream: string) => Broadcast | undefined;
  /** The transcoder of the n-th recording, as soon as it was started. */
  transcoder(number: number): Promise<FakeTranscoder>;
}

/** Broadcasts whose transcoders are in the test's hand. */
export async function openStudio(t: Teardown, options: Partial<LocalBroadcastsOptions> = {}): Promise<Studio> {
  const segmentsDirectory = await temporaryDirectory(t);
  const transcoders: FakeTranscoder[] = [];
  const warnings: string[] = [];
  const directory = new MemoryDirectory();
  const broadcasts = new LocalBroadcasts({
    directory,
    startTranscoder: (plan) => {
      const transcoder = new FakeTranscoder(plan);
      transcoders.push(transcoder);
      return transcoder;
    },
    ffmpegMajor: 5,
    segmentsDirectory,
    segmentSeconds: 2,
    partSeconds: 0.334,
    windowSegments: 6,
    resumeWindowSeconds: 30,
    // Recordings are sent as fast as they are read.
    burstSeconds: Infinity,
    descriptions: new StreamDescriptions({ file: undefined, onFailure: () => undefined }),
    maxViewerBacklogBytes: 1000,
    pictures: { framesPerSecond: 5, width: 640, posterMaxAgeMs: 10_000, encoders: new Semaphore(2), posters: new Semaphore(1) },
    maxStreams: 3,
    endedRetentionSeconds: 60,
    log: { info: () => undefined, warn: (_facts, message) => warnings.push(message) },
    ...options,
  });
  await broadcasts.open();
  t.teardown(() => broadcasts.close());
  const transcoder = (number: number): Promise<FakeTranscoder> => until(() => transcoders[number]);
  const publish = async (stream: string, publisher: Partial<Publisher> = {}): Promise<Broadcast> => {
    const { broadcast } = await broadcasts.admit(stream, { keyId: 'server', ...publisher }, () => false);
    return broadcasts.list().find(({ id }) => id === broadcast.id)!;
  };
  const running = (stream: string): Broadcast | undefined => broadcasts.list().find((broadcast) => broadcast.stream === stream);
  return { broadcasts, directory, transcoders, segmentsDirectory, warnings, publish, running, transcoder };
}

/** A publisher of one broadcast, and what it was told. */
export class Publishing {
  readonly messages: IngestMessage[] = [];
  readonly connection: IngestConnection;
  replaced = false;

  constructor(readonly broadcast: Broadcast) {
    this.connection = broadcast.ingest.connect({
      onMessage: (message) => this.messages.push(message),
      onReplaced: () => (this.replaced = true),
    });
  }

  get told(): string[] {
    return this.messages.map(({ type }) => type).filter((type) => type !== 'stats');
  }
}

/** Far more than anything in these tests takes, also on a machine that is busy with something else. */
const patienceMs = 20_000;

/** Resolves when there is a value. */
export async function until<T>(find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (const deadlineMs = performance.now() + patienceMs; performance.now() < deadlineMs; await turns()) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`waited in vain for ${String(find)}`);
}

/** Some turns of the event loop. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export async function filesBelow(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}
