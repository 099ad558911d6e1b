/** What is asked of the camera or screen and of the recorder. */
export interface Quality {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly videoBitsPerSecond: number;
  readonly audioBitsPerSecond: number;
}

/** From light to heavy. */
export const qualities = [
  { name: '480p', width: 854, height: 480, frameRate: 30, videoBitsPerSecond: 1_200_000, audioBitsPerSecond: 96_000 },
  { name: '720p', width: 1280, height: 720, frameRate: 30, videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 128_000 },
  { name: '1080p', width: 1920, height: 1080, frameRate: 30, videoBitsPerSecond: 4_500_000, audioBitsPerSecond: 128_000 },
] as const satisfies readonly Quality[];

export const defaultQuality: Quality = qualities[1];

/** Asks the camera or screen of this media for the quality's size; what it cannot give stays as it is. */
export async function applyQuality(media: MediaStream, { width, height, frameRate }: Quality): Promise<void> {
  const asked = media.getVideoTracks().map((track) => {
    const size = 'displaySurface' in track.getSettings() ? 'max' : 'ideal';
    return track.applyConstraints({ width: { [size]: width }, height: { [size]: height }, frameRate: { ideal: frameRate } });
  });
  await Promise.allSettled(asked);
}
