/** Safari's variant for iPhone, missing in TypeScript's DOM types. */
declare const ManagedMediaSource: typeof MediaSource | undefined;

/** The browser's MediaSource, the managed one where there is no other; undefined: this browser has none. */
export function mediaSourceClass(): typeof MediaSource | undefined {
  if (typeof MediaSource !== 'undefined') return MediaSource;
  return typeof ManagedMediaSource !== 'undefined' ? ManagedMediaSource : undefined;
}

/** Puts a new MediaSource on the element and resolves when it takes buffers. */
export async function attachMediaSource(video: HTMLVideoElement, signal: AbortSignal): Promise<MediaSource> {
  const Source = mediaSourceClass();
  if (Source === undefined) throw new Error('this browser has no Media Source Extensions');
  // ManagedMediaSource never opens while the element could be sent to AirPlay.
  if (typeof MediaSource === 'undefined') video.disableRemotePlayback = true;
  const source = new Source();
  const url = URL.createObjectURL(source);
  try {
    await new Promise<void>((resolve, reject) => {
      source.addEventListener('sourceopen', () => resolve(), { once: true });
      signal.addEventListener('abort', () => reject(new Error('closed before the media source opened')), { once: true });
      video.src = url;
    });
  } finally {
    URL.revokeObjectURL(url);
  }
  source.duration = Infinity;
  return source;
}
