import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { fragmentSequence } from '../bench/fragment-sequence.js';

interface Span {
  readonly start: number;
  readonly end: number;
  /** How long one sample is, about. */
  readonly sample: number;
}

/** What a message holds, by track. */
type Spans = ReadonlyMap<number, Span>;

/** The decode times of one stream's fragments: read once, however many viewers are sent them. */
export class FragmentLedger {
  readonly #messages = new Map<string, Spans>();
  #newest = 0;

  /** The number of the newest fragment that anybody has. */
  get newest(): number {
    return this.#newest;
  }

  /** @returns undefined for what holds no fragment: an init segment */
  read(message: Buffer): { readonly sequence: number; readonly spans: Spans } | undefined {
    const sequence = fragmentSequence(message);
    if (sequence === undefined) return undefined;
    this.#newest = Math.max(this.#newest, sequence);
    const key = `${String(sequence)}:${String(message.length)}`;
    let spans = this.#messages.get(key);
    if (!spans) this.#messages.set(key, (spans = spansOf(message)));
    return { sequence, spans };
  }
}

/** Whether a message begins where the one before it ended, on every track, to half a sample. */
export function follows(before: Spans, after: Spans): boolean {
  return [...after].every(([track, { start, sample }]) => {
    const end = before.get(track)?.end;
    return end === undefined || Math.abs(start - end) < sample / 2;
  });
}

function spansOf(message: Buffer): Spans {
  const spans = new Map<number, Span>();
  for (const event of new FragmentReader().push(message)) {
    if (event.type !== 'fragment') continue;
    for (const { trackId, baseMediaDecodeTime, duration, sampleCount } of event.fragment.runs) {
      const start = spans.get(trackId)?.start ?? baseMediaDecodeTime;
      spans.set(trackId, { start, end: baseMediaDecodeTime + duration, sample: duration / Math.max(1, sampleCount) });
    }
  }
  return spans;
}
