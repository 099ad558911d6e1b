/** Nobody is kept waiting for longer, whatever a proxy on the way says. */
const longestMs = 60_000;

/** What a server asks for by `Retry-After` (RFC 9110 §10.2.3), in ms; undefined: nothing, or nothing that can be read. */
export function retryAfterMs(headers: Pick<Headers, 'get'>): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  // A date is one of the server's clock, which the answer tells too.
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(waitMs) ? undefined : Math.min(longestMs, Math.max(0, waitMs));
}
