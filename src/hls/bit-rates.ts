/** What the bit rate of a segment is made of. */
export interface WeighedSegment {
  readonly durationSeconds: number;
  readonly byteLength: number;
}

export interface BitRates {
  readonly peakBitsPerSecond: number;
  readonly averageBitsPerSecond: number;
}

/**
 * What the segments of a playlist weigh: BANDWIDTH and AVERAGE-BANDWIDTH (RFC 8216bis §4.4.6.2). The peak is that of the
 * heaviest run of segments that lasts between half a target duration and one and a half (§4.1): a short segment with a keyframe in it
 * weighs nothing by itself.
 * @param segments in order; none of them longer than one and a half target durations
 */
export function bitRatesOf(segments: readonly WeighedSegment[], targetDurationSeconds: number): BitRates {
  const [shortest, longest] = [targetDurationSeconds * 0.5, targetDurationSeconds * 1.5];
  const whole = { bits: 0, seconds: 0 };
  let peak = 0;
  for (const [first, { durationSeconds, byteLength }] of segments.entries()) {
    whole.bits += byteLength * 8;
    whole.seconds += durationSeconds;
    const run = { bits: 0, seconds: 0 };
    for (let index = first; index < segments.length; index++) {
      const segment = segments[index];
      if (!segment || run.seconds + segment.durationSeconds > longest) break;
      run.bits += segment.byteLength * 8;
      run.seconds += segment.durationSeconds;
      if (run.seconds >= shortest) peak = Math.max(peak, run.bits / run.seconds);
    }
  }
  const average = whole.seconds > 0 ? whole.bits / whole.seconds : 0;
  // A playlist that is shorter than half a target duration has no such run.
  return { peakBitsPerSecond: Math.max(peak, average), averageBitsPerSecond: average };
}
