import { errorCodes, type ErrorCode } from '../../../protocol/error-codes.js';
import { isStreamName } from '../../../protocol/urls.js';
import { OnairError, serverError } from '../errors.js';
import type { Quality } from '../quality.js';
import { ladder } from './webcodecs/ladder.js';

/** Bodies grow until one takes so long that its rate means something. */
const sizes = [32, 128, 512, 1_024, 2_048].map((kibibytes) => kibibytes * 1_024);
const longEnoughMs = 1_500;
const budgetMs = 7_000;

export interface UplinkTestOptions {
  /** The Onair server. */
  readonly url: string;
  readonly stream: string;
  readonly key: string;
  readonly fetch?: typeof fetch;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/**
 * How many bits a second the line to the server carries now, measured by sending it up to some megabytes, for some seconds.
 * @throws {OnairError} unauthorized | unreachable | unavailable
 */
export async function testUplink({ url, stream, key, fetch: ask = fetch, nowMs = () => performance.now() }: UplinkTestOptions): Promise<number> {
  if (!isStreamName(stream)) throw new TypeError(`expected a stream name of 1 to 64 letters, digits, "-" and "_", got "${stream}"`);
  const startMs = nowMs();
  let bitsPerSecond = 0;
  for (const size of sizes) {
    const sentAtMs = nowMs();
    const response = await ask(`${url}/live/${stream}/uplink-test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/octet-stream' },
      body: noise(size),
    }).catch((error: unknown) => {
      throw new OnairError('unreachable', 'The server does not answer, or the line broke off. Check your network, then try again.', { cause: error });
    });
    if (!response.ok) throw await refusal(response);
    const elapsedMs = Math.max(1, nowMs() - sentAtMs);
    bitsPerSecond = (size * 8000) / elapsedMs;
    if (elapsedMs >= longEnoughMs || nowMs() - startMs >= budgetMs / 2) break;
  }
  return Math.round(bitsPerSecond);
}

/**
 * The best quality that leaves the line a third of what it carries; undefined where none does.
 * @param renditions of the picture that are sent at most, the quality itself included: as a Publisher's, which sends three where browser and machine can
 */
export function qualityFor<Q extends Quality>(bitsPerSecond: number, qualities: readonly Q[], renditions = 1): Q | undefined {
  return qualities.filter((quality) => bitsOf(quality, renditions) * 1.5 <= bitsPerSecond).at(-1);
}

/** All that is sent in a quality, smaller renditions and sound included. */
function bitsOf({ videoBitsPerSecond, audioBitsPerSecond, height: lines }: Quality, renditions: number): number {
  return ladder({ videoBitsPerSecond, lines }, renditions).reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, audioBitsPerSecond);
}

/** Bytes that no line compresses. */
function noise(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const block = crypto.getRandomValues(new Uint8Array(32 * 1_024));
  for (let offset = 0; offset < size; offset += block.length) bytes.set(block.subarray(0, size - offset), offset);
  return bytes;
}

async function refusal(response: Response): Promise<OnairError> {
  const body: unknown = await response.json().catch(() => null);
  const code = typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : '';
  return serverError(code in errorCodes ? (code as ErrorCode) : 'internal');
}
