/** What one input cost, in time for each of its bytes, beside the plainest thing that can be done with the same bytes. */
export interface Cost {
  readonly bytes: number;
  readonly nsPerByte: number;
  /** Of copying the same bytes, one after another. */
  readonly copyNsPerByte: number;
  /** How many copies of its bytes the input cost. */
  readonly copies: number;
}

/** Bytes that are worked off before a time is believed: one short input is fed many times. */
const wantedBytes = 32_768;
const longestBatchMs = 300;

/**
 * The shortest of several measurements of both, taken in turn: what else the machine does makes a time longer, never shorter.
 * @param feed works the input off from the beginning, with a state of its own each time
 */
export function costOf(input: Uint8Array, feed: () => void, rounds = 3): Cost {
  const bytes = Math.max(1, input.length);
  const target = new Uint8Array(bytes);
  const times = Math.max(1, Math.ceil(wantedBytes / bytes));
  let [fedMs, copiedMs] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    copiedMs = Math.min(copiedMs, meanMs(() => copyByteByByte(input, target), times));
    fedMs = Math.min(fedMs, meanMs(feed, times));
  }
  return { bytes, nsPerByte: (fedMs * 1e6) / bytes, copyNsPerByte: (copiedMs * 1e6) / bytes, copies: fedMs / copiedMs };
}

/** Milliseconds of one run, as the mean of a batch. */
function meanMs(act: () => void, times: number): number {
  const startedAt = performance.now();
  let done = 0;
  do {
    act();
    done++;
  } while (done < times && performance.now() - startedAt < longestBatchMs);
  return (performance.now() - startedAt) / done;
}

function copyByteByByte(from: Uint8Array, to: Uint8Array): void {
  for (let index = 0; index < from.length; index++) to[index] = from[index]!;
}
