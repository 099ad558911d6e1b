import { serveEncoding, type EncodeEndpoint } from './encode-service.js';

// The worker's own program: bundled into text by the build, so that a page of any origin can start it.
serveEncoding(globalThis as unknown as EncodeEndpoint, {
  startTicker: (intervalMs, onTick) => {
    const timer = setInterval(onTick, intervalMs);
    return () => clearInterval(timer);
  },
  nowMs: () => performance.timeOrigin + performance.now(),
  onClosed: () => close(),
});
