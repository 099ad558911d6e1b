/** How much is kept. 0: as much as comes. */
export interface RetentionLimits {
  /** Since it began. */
  readonly maxAgeDays: number;
  readonly maxBytes: number;
}

/** What is judged of a recording. */
export interface RetainedRecording {
  readonly id: string;
  readonly stream: string;
  readonly startedAtMs: number;
  readonly byteLength: number;
  /** It is still being recorded: it stays, and counts. */
  readonly grows: boolean;
}

export interface RetentionRules {
  /** Of each recording, and of all together. */
  readonly all: RetentionLimits;
  /** Of each recording of a stream, and of all of that stream together. */
  readonly ofStream: (stream: string) => RetentionLimits;
}

const dayMs = 86_400_000;

/** The ids of those that are to go: what is too old, and the oldest while all, or all of their stream, weigh too much. */
export function toBeRemoved(oldestFirst: readonly RetainedRecording[], { all, ofStream }: RetentionRules, nowMs: number): string[] {
  const bytesOf = new Map<string, number>();
  let bytes = 0;
  for (const { stream, byteLength } of oldestFirst) {
    bytes += byteLength;
    bytesOf.set(stream, (bytesOf.get(stream) ?? 0) + byteLength);
  }
  const due: string[] = [];
  for (const { id, stream, startedAtMs, byteLength, grows } of oldestFirst) {
    if (grows) continue;
    const own = ofStream(stream);
    const ofItsStream = bytesOf.get(stream) ?? 0;
    const isTooOld = (days: number): boolean => days > 0 && nowMs - startedAtMs > days * dayMs;
    const isTooMuch = (most: number, weight: number): boolean => most > 0 && weight > most;
    if (!isTooOld(all.maxAgeDays) && !isTooOld(own.maxAgeDays) && !isTooMuch(all.maxBytes, bytes) && !isTooMuch(own.maxBytes, ofItsStream)) continue;
    bytes -= byteLength;
    bytesOf.set(stream, ofItsStream - byteLength);
    due.push(id);
  }
  return due;
}
