import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { LiveRegistry } from '../live/live-registry.js';

/** What Prometheus scrapes. Gauges are read from the registry at that moment; nothing is kept up to date in between. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #ingestBytes: Counter;

  constructor(liveRegistry: LiveRegistry) {
    const registers = [this.#registry];
    this.#ingestBytes = new Counter({ name: 'onair_ingest_bytes_total', help: 'Bytes of recordings received from publishers.', registers });
    new Gauge({
      name: 'onair_live_streams',
      help: 'Broadcasts going on.',
      registers,
      collect() {
        this.set(liveRegistry.list().length);
      },
    });
    new Gauge({
      name: 'onair_viewers',
      help: 'Viewers of each live stream.',
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset();
        for (const { stream, viewers } of infos(liveRegistry)) this.set({ stream }, viewers);
      },
    });
    new Gauge({
      name: 'onair_ingest_bits_per_second',
      help: 'Rate at which each live stream comes in.',
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset();
        for (const { stream, ingestBitsPerSecond } of infos(liveRegistry)) this.set({ stream }, ingestBitsPerSecond);
      },
    });
    // The monitor of the event loop wakes up each time it looks: at its own 10 ms it costs as much as a stream.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 500 });
  }

  readonly countIngest = (bytes: number): void => this.#ingestBytes.inc(bytes);

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function infos(liveRegistry: LiveRegistry) {
  return liveRegistry.list().map((liveStream) => liveStream.info(''));
}
