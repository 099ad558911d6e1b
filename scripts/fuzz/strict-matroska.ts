/** A block of what was read, by the track that it names. */
export interface StrictBlock {
  readonly track: number;
  /** From the segment's beginning, in ticks of its TimestampScale. */
  readonly ticks: number;
  readonly keyframe: boolean;
  readonly bytes: Uint8Array;
}

export interface StrictTrack {
  readonly number: number;
  readonly kind: 'video' | 'audio';
  readonly codecId: string;
  readonly configuration: Uint8Array | undefined;
}

export interface StrictRecording {
  readonly tracks: readonly StrictTrack[];
  readonly blocks: readonly StrictBlock[];
}

interface Element {
  readonly id: number;
  readonly data: Uint8Array;
}

const unknownSize = -1;

/** What an element of RFC 9559 may hold: `min` to `max` of it in its parent, and the values that make sense. */
interface Rule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly check?: (data: Uint8Array) => string | undefined;
  readonly children?: Readonly<Record<number, Rule>>;
}

const one = { min: 1, max: 1 } as const;
const perhaps = { min: 0, max: 1 } as const;

function unsignedRule(name: string, least: number, most: number, often: { min: number; max: number } = one): Rule {
  return {
    name,
    ...often,
    check: (data) => {
      if (data.length < 1 || data.length > 8) return `an unsigned integer of ${data.length} bytes`;
      const value = unsigned(data);
      return value >= least && value <= most ? undefined : `${value}, not ${least} to ${most}`;
    },
  };
}

function textRule(name: string, often: { min: number; max: number } = one): Rule {
  return { name, ...often, check: (data) => (data.length > 0 && data.every((byte) => byte >= 0x20 && byte < 0x7f) ? undefined : `${JSON.stringify(Buffer.from(data).toString('latin1'))}, not printable ASCII`) };
}

const most = Number.MAX_SAFE_INTEGER;

const headerRules: Readonly<Record<number, Rule>> = {
  0x4286: unsignedRule('EBMLVersion', 1, 1),
  0x42f7: unsignedRule('EBMLReadVersion', 1, 1),
  0x4282: { name: 'DocType', ...one, check: (data) => (Buffer.from(data).toString() === 'matroska' ? undefined : 'not matroska') },
  0x4287: unsignedRule('DocTypeVersion', 1, 4),
  0x4285: unsignedRule('DocTypeReadVersion', 1, 4),
};

const infoRules: Readonly<Record<number, Rule>> = { 0x2ad7b1: unsignedRule('TimestampScale', 1, 1_000_000_000), 0x4d80: textRule('MuxingApp'), 0x5741: textRule('WritingApp') };

const trackRules: Readonly<Record<number, Rule>> = {
  0xd7: unsignedRule('TrackNumber', 1, 126),
  0x73c5: unsignedRule('TrackUID', 1, most),
  0x83: unsignedRule('TrackType', 1, 2),
  0x9c: unsignedRule('FlagLacing', 0, 0),
  0x86: textRule('CodecID'),
  0x63a2: { name: 'CodecPrivate', ...perhaps },
  0x56aa: unsignedRule('CodecDelay', 0, most, perhaps),
  0xe0: {
    name: 'Video',
    ...perhaps,
    children: {
      0xb0: unsignedRule('PixelWidth', 1, 65_535),
      0xba: unsignedRule('PixelHeight', 1, 65_535),
      0x54b0: unsignedRule('DisplayWidth', 1, most, perhaps),
      0x54ba: unsignedRule('DisplayHeight', 1, most, perhaps),
      0x54b2: unsignedRule('DisplayUnit', 3, 4),
    },
  },
  0xe1: {
    name: 'Audio',
    ...perhaps,
    children: {
      0xb5: { name: 'SamplingFrequency', ...one, check: (data) => (data.length === 8 && Number.isFinite(double(data)) && double(data) > 0 ? undefined : `a frequency of ${data.length === 8 ? double(data) : `${data.length} bytes`}`) },
      0x9f: unsignedRule('Channels', 1, 65_535),
      0x6264: unsignedRule('BitDepth', 1, 64, perhaps),
    },
  },
};

const segmentRules: Readonly<Record<number, Rule>> = {
  0x1549a966: { name: 'Info', ...one, children: infoRules },
  0x1654ae6b: { name: 'Tracks', ...one, children: { 0xae: { name: 'TrackEntry', min: 1, max: 126, children: trackRules } } },
};

/**
 * Reads a live Matroska recording of what RFC 9559 asks for, and takes nothing else: it shares no code with the reader of what
 * publishers send, which forgives.
 * @throws {Error} what is wrong, and where
 */
export function readStrictly(bytes: Uint8Array): StrictRecording {
  const [header, segment, ...rest] = elementsOf(bytes, 'the file');
  if (header?.id !== 0x1a45dfa3 || segment?.id !== 0x18538067 || rest.length > 0) throw new Error('expected an EBML header and one segment');
  obey(header.data, headerRules, 'EBML');
  const [info, tracks, ...clusters] = elementsOf(segment.data, 'Segment');
  if (info?.id !== 0x1549a966 || tracks?.id !== 0x1654ae6b) throw new Error('expected Info, then Tracks');
  const headBytes = (clusters[0]?.data.byteOffset ?? segment.data.byteOffset + segment.data.length) - segment.data.byteOffset - (clusters[0] ? 12 : 0);
  obey(segment.data.subarray(0, headBytes), segmentRules, 'Segment');
  const read = elementsOf(tracks.data, 'Tracks').map(({ data }) => trackOf(data));
  if (new Set(read.map(({ number }) => number)).size !== read.length) throw new Error('two tracks of one number');
  return { tracks: read, blocks: clusters.flatMap((cluster) => blocksOf(cluster, read)) };
}

function trackOf(entry: Uint8Array): StrictTrack {
  const of = (id: number): Uint8Array | undefined => elementsOf(entry, 'TrackEntry').find((child) => child.id === id)?.data;
  const kind = unsigned(of(0x83)!) === 1 ? 'video' : 'audio';
  if ((of(0xe0) !== undefined) !== (kind === 'video') || (of(0xe1) !== undefined) !== (kind === 'audio')) throw new Error(`a track of ${kind} described as another`);
  return { number: unsigned(of(0xd7)!), kind, codecId: Buffer.from(of(0x86)!).toString('latin1'), configuration: of(0x63a2) };
}

function blocksOf({ id, data }: Element, tracks: readonly StrictTrack[]): StrictBlock[] {
  if (id !== 0x1f43b675) throw new Error(`expected clusters alone, got ${id.toString(16)}`);
  const [time, ...blocks] = elementsOf(data, 'Cluster');
  if (time?.id !== 0xe7 || time.data.length < 1 || time.data.length > 8) throw new Error('expected a cluster that begins with its timestamp');
  if (blocks.length === 0) throw new Error('a cluster without a block');
  return blocks.map(({ id, data: block }) => {
    if (id !== 0xa3 || block.length < 5) throw new Error(`expected simple blocks with something in them, got ${id.toString(16)} of ${block.length} bytes`);
    const track = block[0]! & 0x7f;
    const flags = block[3]!;
    if ((block[0]! & 0x80) === 0 || !tracks.some(({ number }) => number === track)) throw new Error(`a block of track ${track}, which there is not`);
    if ((flags & ~0x80) !== 0) throw new Error(`flags ${flags}`);
    const ticks = unsigned(time.data) + Buffer.from(block).readInt16BE(1);
    if (ticks < 0 || !Number.isSafeInteger(ticks)) throw new Error(`a block at ${ticks}`);
    return { track, ticks, keyframe: flags === 0x80, bytes: block.subarray(4) };
  });
}

function obey(data: Uint8Array, rules: Readonly<Record<number, Rule>>, parent: string): void {
  const counts = new Map<number, number>();
  for (const { id, data: inner } of elementsOf(data, parent)) {
    const rule = rules[id];
    if (!rule) throw new Error(`${id.toString(16)} does not belong into ${parent}`);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    const complaint = rule.check?.(inner);
    if (complaint !== undefined) throw new Error(`${parent}/${rule.name}: ${complaint}`);
    if (rule.children) obey(inner, rule.children, `${parent}/${rule.name}`);
  }
  for (const [id, { name, min, max }] of Object.entries(rules)) {
    const count = counts.get(Number(id)) ?? 0;
    if (count < min || count > max) throw new Error(`${count} ${name} in ${parent}`);
  }
}

/** All of it, to the last byte; only a segment may have a size that is unknown, and then it is the last. */
function elementsOf(data: Uint8Array, parent: string): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < data.length; ) {
    const idBytes = Math.clz32(data[at]!) - 23;
    if (idBytes > 4) throw new Error(`no element id in ${parent}: ${data[at]}`);
    const id = unsigned(data.subarray(at, at + idBytes));
    const sizeAt = at + idBytes;
    const sizeBytes = Math.clz32(data[sizeAt] ?? 0) - 23;
    if (sizeBytes > 8 || sizeAt + sizeBytes > data.length) throw new Error(`no size of ${id.toString(16)} in ${parent}`);
    const size = sizeOf(data.subarray(sizeAt, sizeAt + sizeBytes));
    const start = sizeAt + sizeBytes;
    if (size === unknownSize && id !== 0x18538067) throw new Error(`${id.toString(16)} in ${parent} has no size`);
    const end = size === unknownSize ? data.length : start + size;
    if (end > data.length) throw new Error(`${id.toString(16)} ends beyond ${parent}`);
    elements.push({ id, data: data.subarray(start, end) });
    at = end;
  }
  return elements;
}

/** RFC 8794 §4 and §6.2. */
function sizeOf(vint: Uint8Array): number {
  const first = vint[0]! & (0xff >> vint.length);
  const isUnknown = first === 0xff >> vint.length && vint.subarray(1).every((byte) => byte === 0xff);
  return isUnknown ? unknownSize : unsigned(Uint8Array.of(first, ...vint.subarray(1)));
}

function unsigned(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function double(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}
