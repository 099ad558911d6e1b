import { serveDrawing, type DrawEndpoint } from './frame-service.js';

// The worker's own program: bundled into text by the build, so that a page of any origin can start it.
serveDrawing(globalThis as unknown as DrawEndpoint, {
  startTicker: (intervalMs, onTick) => {
    const timer = setInterval(onTick, intervalMs);
    return () => clearInterval(timer);
  },
  onClosed: () => close(),
});
