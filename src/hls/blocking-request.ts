/** The delivery directives of a playlist request, as they stand in the query (RFC 8216bis §6.2.5). */
export interface DeliveryDirectives {
  readonly _HLS_msn?: string | undefined;
  readonly _HLS_part?: string | undefined;
  readonly _HLS_skip?: string | undefined;
}

/** How far a playlist has come. */
export interface LiveEdge {
  /** Media sequence number of the segment being made. */
  readonly openMediaSequence: number;
  /** How many of its parts are listed. */
  readonly openParts: number;
  /** How many parts a whole segment has; undefined when it has left the window. */
  partsOf(mediaSequence: number): number | undefined;
}

export interface BlockingRequest {
  /** The place that must be in the playlist before it is answered. */
  readonly until?: { readonly mediaSequence: number; readonly part?: number };
  readonly delta: boolean;
}

/**
 * Reads the delivery directives.
 * @throws {RangeError} saying what was expected and what came: the answer is 400
 */
export function readBlockingRequest(directives: DeliveryDirectives, edge: LiveEdge, partTargetSeconds: number): BlockingRequest {
  const mediaSequence = readInteger('_HLS_msn', directives._HLS_msn);
  const part = readInteger('_HLS_part', directives._HLS_part);
  const delta = directives._HLS_skip === 'YES' || directives._HLS_skip === 'v2';
  if (mediaSequence === undefined) {
    if (part !== undefined) throw new RangeError('expected _HLS_msn beside _HLS_part, got _HLS_part alone');
    return { delta };
  }
  // RFC 8216bis §6.2.5.2: at most two segments past the last whole one …
  const lastAllowed = edge.openMediaSequence + 1;
  if (mediaSequence > lastAllowed) {
    throw new RangeError(`expected _HLS_msn up to ${lastAllowed}, got ${mediaSequence}`);
  }
  // … and at most the Advance Part Limit past the last part.
  if (part !== undefined && mediaSequence >= edge.openMediaSequence) {
    const limit = partTargetSeconds < 1 ? Math.ceil(3 / partTargetSeconds) : 3;
    const lastPart = mediaSequence === edge.openMediaSequence ? edge.openParts - 1 + limit : limit;
    if (part > lastPart) throw new RangeError(`expected _HLS_part up to ${lastPart}, got ${part}`);
  }
  return { until: part === undefined ? { mediaSequence } : { mediaSequence, part }, delta };
}

/** Whether the playlist already holds what a request waits for. */
export function isListed(edge: LiveEdge, { mediaSequence, part }: { mediaSequence: number; part?: number }): boolean {
  if (mediaSequence > edge.openMediaSequence) return false;
  if (mediaSequence === edge.openMediaSequence) return part !== undefined && part < edge.openParts;
  if (part === undefined) return true;
  const parts = edge.partsOf(mediaSequence);
  // RFC 8216bis §6.2.5.2: a part past the last of its segment is the first part of the next segment.
  return parts === undefined || part < parts || isListed(edge, { mediaSequence: mediaSequence + 1, part: 0 });
}

function readInteger(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new RangeError(`expected ${name} to be a whole number, got "${value.slice(0, 40)}"`);
  return Number(value);
}
