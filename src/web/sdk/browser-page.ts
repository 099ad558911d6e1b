/** What players and chats use of the page they live in; tests give their own. Every function returned takes back what it was returned for. */
export interface BrowserPage {
  readonly hidden: boolean;
  readonly online: boolean;
  /** The viewer has done something on this page: browsers then let sound begin. */
  readonly touched: boolean;
  /** They did so within the last seconds: what happens now may be their wish. */
  readonly isBeingTouched: boolean;
  /** Safari's engine, or another with it inside (WebKitGTK, every browser of an iPhone). */
  readonly webKit: boolean;
  /** Monotonic. */
  nowMs(): number;
  /** In [0, 1). */
  random(): number;
  /** `shown`: from hidden to visible. */
  on(event: 'shown' | 'online' | 'offline', listener: () => void): () => void;
  after(delayMs: number, run: () => void): () => void;
  every(intervalMs: number, run: () => void): () => void;
  fetch(url: string, init: RequestInit): Promise<Response>;
  openSocket(url: string): WebSocket;
}

export const browserPage: BrowserPage = {
  get hidden() {
    return document.hidden;
  },
  get online() {
    return navigator.onLine;
  },
  get touched() {
    return !('userActivation' in navigator) || navigator.userActivation.hasBeenActive;
  },
  get isBeingTouched() {
    return !('userActivation' in navigator) || navigator.userActivation.isActive;
  },
  get webKit() {
    // Chromium names itself after it too.
    return navigator.userAgent.includes('AppleWebKit') && !/Chrom(e|ium)/.test(navigator.userAgent);
  },
  nowMs: () => performance.now(),
  random: Math.random,
  on: (event, listener) => (event === 'shown' ? listen(document, 'visibilitychange', () => document.hidden || listener()) : listen(window, event, listener)),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every: (intervalMs, run) => {
    const timer = setInterval(run, intervalMs);
    return () => clearInterval(timer);
  },
  fetch: (url, init) => fetch(url, init),
  openSocket: (url) => new WebSocket(url),
};

function listen(target: EventTarget, name: string, listener: () => void): () => void {
  target.addEventListener(name, listener);
  return () => target.removeEventListener(name, listener);
}
