/** One variant stream of a broadcast (RFC 8216bis §4.4.6.2). */
export interface VariantStream {
  readonly mediaPlaylistUri: string;
  /** RFC 6381. */
  readonly codecs: string;
  readonly peakBitsPerSecond: number;
  readonly averageBitsPerSecond: number;
  /** Absent without a picture. */
  readonly resolution?: { readonly width: number; readonly height: number };
  readonly frameRate?: number;
}

/** The keyframes of a variant, RFC 8216bis §4.4.6.3. */
export interface KeyframeStream {
  readonly keyframePlaylistUri: string;
  /** Of the picture alone. */
  readonly codecs: string;
  readonly peakBitsPerSecond: number;
  readonly resolution: { readonly width: number; readonly height: number };
}

/** @param variants in the order in which players are to try them */
export function writeMultivariantPlaylist(variants: readonly VariantStream[], keyframes: readonly KeyframeStream[] = []): string {
  return ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-INDEPENDENT-SEGMENTS', ...variants.flatMap(variantLines), ...keyframes.map(keyframeLine), ''].join('\n');
}

function keyframeLine({ keyframePlaylistUri, codecs, peakBitsPerSecond, resolution: { width, height } }: KeyframeStream): string {
  return `#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=${Math.ceil(peakBitsPerSecond)},CODECS="${codecs}",RESOLUTION=${width}x${height},URI="${keyframePlaylistUri}"`;
}

function variantLines(variant: VariantStream): string[] {
  const attributes = [
    `BANDWIDTH=${Math.ceil(variant.peakBitsPerSecond)}`,
    `AVERAGE-BANDWIDTH=${Math.ceil(variant.averageBitsPerSecond)}`,
    `CODECS="${variant.codecs}"`,
  ];
  if (variant.resolution) attributes.push(`RESOLUTION=${variant.resolution.width}x${variant.resolution.height}`);
  if (variant.frameRate) attributes.push(`FRAME-RATE=${variant.frameRate.toFixed(3)}`);
  return [`#EXT-X-STREAM-INF:${attributes.join(',')}`, variant.mediaPlaylistUri];
}
