/** A keyframe, as a range of its segment. */
export interface Keyframe {
  /** By the scale of the player's places: from the beginning, or its date. */
  readonly seconds: number;
  readonly url: string;
  readonly start: number;
  readonly byteLength: number;
  /** Of the init segment that it needs. */
  readonly mapUrl: string;
}

/** The smallest keyframe playlist (RFC 8216bis §4.4.6.3) that a multivariant playlist names; undefined where there is none. */
export function readKeyframeVariant(text: string, base: string): { url: string; codecs: string } | undefined {
  const variants = [...text.matchAll(/^#EXT-X-I-FRAME-STREAM-INF:(.*)$/gm)].map(([, attributes = '']) => ({
    bandwidth: Number(/(?:^|,)BANDWIDTH=(\d+)/.exec(attributes)?.[1]),
    codecs: /CODECS="([^"]+)"/.exec(attributes)?.[1],
    uri: /URI="([^"]+)"/.exec(attributes)?.[1],
  }));
  const [smallest] = variants.sort((a, b) => a.bandwidth - b.bandwidth);
  if (smallest?.uri === undefined || smallest.codecs === undefined) return undefined;
  return { url: new URL(smallest.uri, base).href, codecs: smallest.codecs };
}

/** @param dated whether places are dates */
export function readKeyframes(text: string, base: string, dated: boolean): Keyframe[] {
  const keyframes: Keyframe[] = [];
  let [seconds, durationSeconds, mapUrl] = [0, 0, ''];
  let range: { start: number; byteLength: number } | undefined;
  for (const line of text.split('\n')) {
    const [, tag = '', value = ''] = /^#([A-Z0-9-]+):?(.*)$/.exec(line) ?? [];
    if (tag === 'EXT-X-MAP') mapUrl = new URL(/URI="([^"]+)"/.exec(value)?.[1] ?? '', base).href;
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME' && dated) seconds = Date.parse(value) / 1000;
    else if (tag === 'EXTINF') durationSeconds = Number.parseFloat(value);
    else if (tag === 'EXT-X-BYTERANGE') {
      const [byteLength = NaN, start = 0] = value.split('@').map(Number);
      range = { start, byteLength };
    } else if (line !== '' && !line.startsWith('#')) {
      // A gap has no range.
      if (range !== undefined) keyframes.push({ seconds, url: new URL(line, base).href, ...range, mapUrl });
      range = undefined;
      seconds += durationSeconds;
    }
  }
  return keyframes;
}
