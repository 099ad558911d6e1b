import { open } from 'node:fs/promises';
import { isIPv4, type Socket } from 'node:net';
import { endianness } from 'node:os';

/** Gives pieces of the kernel's table of TCP connections, `tcp` or `tcp6`. */
export type ReadTable = (name: TableName) => AsyncIterable<string>;

type TableName = 'tcp' | 'tcp6';

export interface SendQueuesOptions {
  readonly readTable?: ReadTable | undefined;
  readonly intervalMs?: number | undefined;
}

interface Watched {
  readonly table: TableName;
  /** Both ends, as the table writes them. */
  readonly ends: string;
  readonly told: (bytes: number) => void;
}

/** A table with more rows costs more to read every second than it is worth: what it says of the others is not known. */
const maxRows = 20_000;

/**
 * How many bytes of a connection the kernel holds: those that it has not sent, and those that nobody has acknowledged. Node does not know
 * them; Linux tells them in /proc/self/net/tcp (proc_pid_net(5), `tx_queue`). Where it can't be read, or not in time, none are told.
 */
export class SendQueues {
  readonly #readTable: ReadTable;
  readonly #intervalMs: number;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;

  constructor({ readTable = readProc, intervalMs = 1000 }: SendQueuesOptions = {}) {
    this.#readTable = readTable;
    this.#intervalMs = intervalMs;
  }

  /**
   * Has `told` called about once a second, for as long as the connection is watched.
   * @returns ends it
   */
  watch(connection: Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>, told: (bytes: number) => void): () => void {
    const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = connection;
    const ends = `${hexOf(localAddress)}:${hexOfPort(localPort)} ${hexOf(remoteAddress)}:${hexOfPort(remotePort)}`;
    const watched: Watched = { table: isIPv4(remoteAddress) ? 'tcp' : 'tcp6', ends, told };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => void this.#look(), this.#intervalMs).unref();
    return () => {
      this.#watched.delete(watched);
      if (this.#watched.size === 0) this.close();
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    // Files are read by a few threads, which a disk that hangs can hold: nobody is taken for late because of that.
    if (this.#isReading) return this.#tell(new Map());
    this.#isReading = true;
    const held = new Map<string, number>();
    try {
      for (const name of new Set([...this.#watched].map(({ table }) => table))) await this.#read(name, held);
    } catch {
      // Not Linux, or a system that does not let it be read.
      held.clear();
    } finally {
      this.#isReading = false;
    }
    this.#tell(held);
  }

  #tell(held: ReadonlyMap<string, number>): void {
    for (const { ends, told } of this.#watched) told(held.get(ends) ?? 0);
  }

  /** Keeps what is watched. */
  async #read(name: TableName, held: Map<string, number>): Promise<void> {
    const wanted = new Set([...this.#watched].filter(({ table }) => table === name).map(({ ends }) => ends));
    let rows = 0;
    let rest = '';
    for await (const piece of this.#readTable(name)) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { ends, bytes } = rowOf(line);
        if (wanted.has(ends)) held.set(ends, bytes);
      }
      if ((rows += lines.length) > maxRows) return;
    }
  }
}

/** `  12: 0100007F:1F90 0100007F:C9C6 01 000000A0:00000000 …`: number, local end, remote end, state, bytes to be sent, … */
function rowOf(line: string): { readonly ends: string; readonly bytes: number } {
  const start = line.indexOf(': ') + 2;
  const end = line.indexOf(' ', line.indexOf(' ', start) + 1);
  return { ends: line.slice(start, end), bytes: parseInt(line.slice(end + 4, end + 12), 16) || 0 };
}

async function* readProc(name: TableName): AsyncIterable<string> {
  const file = await open(`/proc/self/net/${name}`);
  try {
    const piece = Buffer.alloc(65_536);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return;
      yield piece.toString('latin1', 0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function hexOfPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** As the kernel writes an address: words of 32 bits, each in the machine's own order of bytes. */
function hexOf(address: string): string {
  const bytes = isIPv4(address) ? fourBytes(address) : sixteenBytes(address);
  if (endianness() === 'LE') bytes.swap32();
  return bytes.toString('hex').toUpperCase();
}

function fourBytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** RFC 4291 §2.2: groups of 16 bits, `::` for as many zeros as are missing, perhaps an IPv4 address at the end. */
function sixteenBytes(address: string): Buffer {
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::').map(groupsOf);
  return Buffer.from(head + '0'.repeat(Math.max(0, 32 - head.length - tail.length)) + tail, 'hex');
}

function groupsOf(text: string): string {
  const groups = text === '' ? [] : text.split(':');
  return groups.map((group) => (isIPv4(group) ? fourBytes(group).toString('hex') : group.padStart(4, '0'))).join('');
}
