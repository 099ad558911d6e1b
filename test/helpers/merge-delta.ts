/** The whole playlist that a client gets out of an earlier one and a delta, RFC 8216bis §6.3.7. */
export function mergeDelta(earlier: string, delta: string): string {
  const skip = /^#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)\n/m.exec(delta);
  if (!skip) return delta;
  const missing = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(delta)?.[1]) - Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(earlier)?.[1]);
  const known = segmentsOf(earlier);
  const skipped = known.slice(missing, missing + Number(skip[1]));
  if (skipped.length < Number(skip[1])) throw new Error(`expected ${String(skip[1])} segments to be known, got ${skipped.length}`);
  const mapInForce = known.slice(0, missing).join('').match(/#EXT-X-MAP:.*\n/g)?.at(-1);
  // The first segment of a whole playlist tells its init segment, which an earlier playlist may have told before.
  const [first = '', ...rest] = skipped.map((lines) => lines.replaceAll(/#EXT-X-PART:.*\n/g, ''));
  const begun = first.includes('#EXT-X-MAP:') || !mapInForce ? first : first.replace(/^(#EXT-X-DISCONTINUITY\n)?/, `$1${mapInForce}`);
  return delta.replace(skip[0], [begun, ...rest].join(''));
}

/** The lines of each whole segment. */
function segmentsOf(playlist: string): string[] {
  const body = playlist.replace(/^[\s\S]*#EXT-X-DISCONTINUITY-SEQUENCE:\d+\n/, '');
  return body.match(/(?:#.*\n)*[^#\n].*\n/g) ?? [];
}
