/** What one input cost, in time for each of its bytes, beside the plainest thing that can be done with the same bytes. */
export interface Cost {
  readonly bytes: number;
  readonly milliseconds: number;
  readonly nsPerByte: number;
  /** Of copying the same bytes, one after another. */
  readonly copyNsPerByte: number;
  /** How many copies of its bytes the input cost; a short one is allowed what the first bytes of a long one are. */
  readonly copies: number;
}

export interface CostOptions {
  readonly rounds?: number;
  /** So few copies are good news: nothing is measured again. */
  readonly goodCopies?: number;
  /** An input is allowed the cost of so many bytes at least. */
  readonly allowedBytes?: number;
}

/** Bytes that are worked off before a time is believed: one short input is fed many times. */
const wantedBytes = 32_768;
const longestBatchMs = 100;

/**
 * The shortest of several measurements of both, taken in turn: what else the machine does makes a time longer, never shorter.
 * @param feed works the input off from the beginning, with a state of its own each time
 */
export function costOf(input: Uint8Array, feed: () => void, { rounds = 3, goodCopies = 0, allowedBytes = 0 }: CostOptions = {}): Cost {
  const bytes = Math.max(1, input.length);
  const target = new Uint8Array(bytes);
  const times = Math.max(1, Math.ceil(wantedBytes / bytes));
  let [fedMs, copiedMs, copies] = [Infinity, Infinity, Infinity];
  for (let round = 0; round < rounds && copies > goodCopies; round++) {
    copiedMs = Math.min(copiedMs, meanMs(() => copyByteByByte(input, target), times));
    fedMs = Math.min(fedMs, meanMs(feed, times));
    copies = (fedMs * bytes) / (copiedMs * Math.max(bytes, allowedBytes));
  }
  return { bytes, milliseconds: fedMs, nsPerByte: (fedMs * 1e6) / bytes, copyNsPerByte: (copiedMs * 1e6) / bytes, copies };
}

/** Milliseconds of CPU of one run, as the mean of a batch: the clock on the wall goes on while others run. */
function meanMs(act: () => void, times: number): number {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  let done = 0;
  do {
    act();
    done++;
  } while (done < times && performance.now() - startedAt < longestBatchMs);
  const { user, system } = process.cpuUsage(before);
  return Math.max(1, user + system) / 1000 / done;
}

function copyByteByByte(from: Uint8Array, to: Uint8Array): void {
  for (let index = 0; index < from.length; index++) to[index] = from[index]!;
}
