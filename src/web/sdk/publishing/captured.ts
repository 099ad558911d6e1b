/** A MediaStream with everything that keeps it going. */
export interface Capture {
  readonly media: MediaStream;
  /** Wakes the sound up again where the browser has suspended it (a recorder emits nothing meanwhile). */
  readonly resumeSound: () => Promise<void>;
  /** Stops every device. */
  readonly close: () => void;
  /** Calls back whenever `media` has become another one; what was in it is stopped only after that. @returns a function that ends it */
  readonly follow?: ((onMedia: () => void) => () => void) | undefined;
}

/** Media that somebody else opened, who also closes it. */
export function asCapture(media: MediaStream | Capture): Capture {
  const capture: Capture = 'media' in media ? media : { media, resumeSound: () => Promise.resolve(), close: () => undefined };
  return {
    get media() {
      return capture.media;
    },
    resumeSound: () => capture.resumeSound(),
    follow: (onMedia) => capture.follow?.(onMedia) ?? (() => undefined),
    close: () => undefined,
  };
}

export function stopTracks(media: MediaStream): void {
  for (const track of media.getTracks()) track.stop();
}
