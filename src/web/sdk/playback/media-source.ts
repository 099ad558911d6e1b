/** Safari's variant for iPhone, missing in TypeScript's DOM types. */
declare const ManagedMediaSource: typeof MediaSource | undefined;

/** The browser's MediaSource, the managed one where there is no other; undefined: this browser has none. */
export function mediaSourceClass(): typeof MediaSource | undefined {
  if (typeof MediaSource !== 'undefined') return MediaSource;
  return typeof ManagedMediaSource !== 'undefined' ? ManagedMediaSource : undefined;
}

/** An open MediaSource on an element. */
export interface AttachedSource {
  readonly source: MediaSource;
  /** Gives the element back what the source needed changed. Takes no source away. */
  readonly release: () => void;
}

/**
 * Puts a new MediaSource on the element and resolves when it takes buffers. In a tab that was never shown Chromium waits with
 * that until it is: there is no limit on the time.
 * @throws where there is none, and when it is aborted before
 */
export async function attachMediaSource(video: HTMLVideoElement, signal: AbortSignal): Promise<AttachedSource> {
  const Source = mediaSourceClass();
  if (Source === undefined) throw new Error('this browser has no Media Source Extensions');
  const source = new Source();
  // ManagedMediaSource never opens while the element could be sent to AirPlay.
  const couldBeSent = !video.disableRemotePlayback;
  const isManaged = typeof MediaSource === 'undefined';
  const release = (): void => {
    if (isManaged && couldBeSent) video.disableRemotePlayback = false;
  };
  if (isManaged) video.disableRemotePlayback = true;
  const url = URL.createObjectURL(source);
  try {
    await new Promise<void>((resolve, reject) => {
      source.addEventListener('sourceopen', () => resolve(), { once: true });
      signal.addEventListener('abort', () => reject(new Error('closed before the media source opened')), { once: true });
      video.src = url;
    });
  } catch (error) {
    release();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  source.duration = Infinity;
  return { source, release };
}
