import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { AdmissionCheck } from '../access/admission-check.js';
import type { BroadcastMeasures, LiveEvent } from '../live/broadcast-options.js';
import type { LadderMeasures } from '../live/ladder.js';
import type { ConnectionLimits } from './connection-limits.js';
import { cutReasons, type Counts, type CutCounts } from './counts.js';

export interface Measured {
  list(): readonly { readonly stream: string; readonly measures: BroadcastMeasures }[];
}

/** What an operator measures of all recordings. */
export interface KeptMeasures {
  readonly count: number;
  readonly byteLength: number;
  readonly missingSeconds: number;
  /** On the disk, on its way to the object store. */
  readonly spoolBytes: number;
}

/** What an operator measures of other servers' streams that are sent on here. */
export interface RelayMeasures {
  readonly streams: number;
  readonly viewers: number;
}

export interface ServerMetricsOptions {
  /** Those that run in this process. */
  readonly broadcasts: Measured;
  /** Where anything is kept. */
  readonly keptMeasures?: (() => KeptMeasures) | undefined;
  /** Where there may be any. */
  readonly relayMeasures?: (() => RelayMeasures) | undefined;
  readonly connections: ConnectionLimits;
  readonly cuts: CutCounts;
  readonly events: Counts<LiveEvent>;
  /** The operator's services, where there are any. */
  readonly checks: readonly AdmissionCheck[];
}

/** The monitor of the event loop wakes up each time it looks: at its own 10 ms it costs as much as a stream. A stall that is longer than this is seen. */
const eventLoopPrecisionMs = 100;

const changeReasons = ['selected', 'line-slow', 'line-free', 'gone', 'asked'] as const;

/** What Prometheus scrapes. It is read at that moment; nothing is kept up to date in between. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #ingestBytes: Counter;

  constructor({ broadcasts, keptMeasures, relayMeasures, connections, cuts, events, checks }: ServerMetricsOptions) {
    const registers = [this.#registry];
    this.#ingestBytes = new Counter({ name: 'onair_ingest_bytes_total', help: 'Bytes of recordings received from publishers.', registers });
    this.#gauge('onair_live_streams', 'Broadcasts going on.', () => broadcasts.list().length);
    this.#gaugeByStream('onair_viewers', 'Viewers of each live stream.', broadcasts, ({ viewers }) => viewers);
    this.#gaugeByStream('onair_ingest_bits_per_second', 'Rate at which each live stream comes in.', broadcasts, ({ ingestBitsPerSecond }) => ingestBitsPerSecond);
    this.#gauge('onair_held_requests', 'HLS requests that wait for a part or a segment.', () => sum(broadcasts.list().map(({ measures }) => measures.heldRequests)));
    this.#gauge('onair_connections', 'Open connections.', () => connections.counts.open);
    this.#gauge('onair_staying_connections', 'WebSockets, endless bodies and bodies of publishers among them.', () => connections.counts.staying);
    this.#gauge('onair_admission_questions', "Questions that wait for the operator's service.", () => sum(checks.map(({ underWay }) => underWay)));
    this.#gauge('onair_segment_memory_bytes', 'Whole segments in memory, of all live streams.', () => sum(broadcasts.list().map(({ measures }) => measures.segmentMemoryBytes)));
    this.#gauge('onair_segment_store_waiting_bytes', 'What waits for the disk, of all live streams.', () => sum(broadcasts.list().map(({ measures }) => measures.storeWaitingBytes)));
    const ladders = (): LadderMeasures[] => broadcasts.list().flatMap(({ measures }) => measures.ladder ?? []);
    this.#gauge('onair_ladders', 'Streams of which renditions are being made here.', () => ladders().length);
    this.#gaugeByStream('onair_ladder_lag_seconds', 'How far the slowest rendition that is made here is behind its source.', broadcasts, ({ ladder }) => ladder?.lagSeconds);
    new Gauge({
      ...{ name: 'onair_ladder_renditions', help: 'Renditions that are being made here, by encoder and preset.', labelNames: ['encoder', 'preset'], registers },
      collect() {
        this.reset();
        for (const { encoder, preset, renditions } of ladders()) this.inc({ encoder, preset }, renditions);
      },
    });
    this.#count('onair_ladder_troubles_total', 'How often an ffmpeg that makes renditions failed, or made fewer or cheaper ones since it did not keep up.', events, 'ladder-trouble');
    if (keptMeasures) {
      this.#gauge('onair_recordings', 'Recordings that are kept.', () => keptMeasures().count);
      this.#gauge('onair_recordings_bytes', 'Their segments.', () => keptMeasures().byteLength);
      this.#gauge('onair_recordings_missing_seconds', 'So much of them is gaps, which the disk did not take or the object store lost.', () => keptMeasures().missingSeconds);
      this.#gauge('onair_recordings_spool_bytes', 'Segments that wait on the disk for the object store.', () => keptMeasures().spoolBytes);
    }
    if (relayMeasures) {
      this.#gaugeByStream('onair_feeds', 'Other servers to which each live stream is sent, for all who watch it there.', broadcasts, ({ feeds }) => feeds);
      this.#gauge('onair_relayed_streams', 'Streams of other servers that are fetched for those who watch them here.', () => relayMeasures().streams);
      this.#gauge('onair_relayed_viewers', 'Viewers to whom streams of other servers are sent here.', () => relayMeasures().viewers);
    }
    this.#count('onair_object_store_failures_total', 'How often the object store stopped taking recordings.', events, 'object-store-failed');
    this.#count('onair_recordings_lost_total', 'Recordings of which the object store does not have all that it took.', events, 'recording-lost');
    new Gauge({
      ...{ name: 'onair_rendition_viewers', help: 'Viewers of each live stream, by the rendition they are sent or ask for.', labelNames: ['stream', 'rendition'], registers },
      collect() {
        this.reset();
        for (const { stream, measures } of broadcasts.list()) for (const [rendition, viewers] of measures.viewersByRendition) this.set({ stream, rendition }, viewers);
      },
    });
    new Counter({
      ...{ name: 'onair_rendition_switches_total', help: 'How often a viewer of each live stream that goes on was changed over to a rendition.', labelNames: ['stream', 'rendition'], registers },
      collect() {
        this.reset();
        for (const { stream, measures } of broadcasts.list()) for (const [rendition, changes] of measures.changesByRendition) this.inc({ stream, rendition }, changes);
      },
    });
    new Counter({
      ...{ name: 'onair_rendition_changes_total', help: 'How often a viewer was changed over to another rendition, by reason.', labelNames: ['reason'], registers },
      collect() {
        this.reset();
        for (const reason of changeReasons) this.inc({ reason }, events.of(`rendition-${reason}`));
      },
    });
    this.#count('onair_viewer_skips_total', 'How often a viewer that was too slow was skipped forward.', events, 'viewer-skipped');
    this.#count('onair_ffmpeg_restarts_total', 'How often an ffmpeg was replaced in the middle of a broadcast.', events, 'ffmpeg-restarted');
    this.#count('onair_copy_refusals_total', 'How often a copied picture could not be cut where a segment must end, and was encoded up to the next keyframe.', events, 'copy-refused');
    this.#count('onair_segment_store_failures_total', 'Broadcasts of which the disk did not take all segments.', events, 'store-failed');
    this.#count('onair_recording_failures_total', 'How often the disk stopped taking a recording.', events, 'recording-failed');
    this.#count('onair_segment_store_read_failures_total', 'How often the disk did not give back a segment that it took.', events, 'store-read-failed');
    new Counter({
      name: 'onair_connections_cut_total',
      help: 'Connections that the server refused or ended, by reason.',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const reason of cutReasons) this.inc({ reason }, cuts.of(reason));
      },
    });
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: eventLoopPrecisionMs });
  }

  readonly countIngest = (bytes: number): void => this.#ingestBytes.inc(bytes);

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      ...{ name, help, registers: [this.#registry] },
      collect() {
        this.set(read());
      },
    });
  }

  #gaugeByStream(name: string, help: string, broadcasts: Measured, read: (measures: BroadcastMeasures) => number | undefined): void {
    new Gauge({
      ...{ name, help, labelNames: ['stream'], registers: [this.#registry] },
      collect() {
        this.reset();
        for (const { stream, measures } of broadcasts.list()) {
          const value = read(measures);
          if (value !== undefined) this.set({ stream }, value);
        }
      },
    });
  }

  #count<Name extends string>(name: string, help: string, counts: Counts<Name>, what: Name): void {
    new Counter({
      ...{ name, help, registers: [this.#registry] },
      collect() {
        this.reset();
        this.inc(counts.of(what));
      },
    });
  }
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
