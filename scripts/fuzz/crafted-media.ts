import { box } from '../../test/helpers/media-builder.js';
import { aacConfig, avcConfig, flv, keyframe } from '../../test/source/flv-builder.js';
import { mpegts } from '../../test/source/mpegts-builder.js';

/** The worst recording of about so many bytes that could be thought of, and what the idea is. */
export type CraftedRecordings = readonly (readonly [idea: string, bytes: Buffer])[];

/** WebM and Matroska: tiny blocks and elements, many tracks, nothing that ends. */
export function matroska(bytes: number): CraftedRecordings {
  const ebml = element(0x1a45dfa3, element(0x4282, Buffer.from('webm')));
  const segment = Buffer.from('1853806701ffffffffffffff', 'hex');
  const cluster = Buffer.from('1f43b67501ffffffffffffffe78100', 'hex');
  const track = (number: number, type = 2): Buffer => element(0xae, element(0xd7, uint(number)), element(0x83, uint(type)), element(0x86, Buffer.from('A_OPUS')));
  const begin = (...tracks: Buffer[]): Buffer => Buffer.concat([ebml, segment, element(0x1654ae6b, ...tracks), cluster]);
  const block = (number: number, ticks = 0, payload = Buffer.alloc(0)): Buffer => element(0xa3, Buffer.from([0x80 | number, ticks >> 8, ticks & 0xff, 0x80]), payload);
  const avcC = Buffer.from('0142c00cffe100176742c00cda05067e7c0440000003004000000ca3c50aa801000468ce0fc8', 'hex');
  const picture = (number: number): Buffer => element(0xae, element(0xd7, uint(number)), element(0x83, uint(1)), element(0x86, Buffer.from('V_MPEG4/ISO/AVC')), element(0x63a2, avcC));
  const idr = Buffer.from('0000000565888400ff', 'hex');
  const inHeader = (content: Buffer): Buffer => Buffer.concat([ebml, segment, element(0x1654ae6b, content)]);
  const header = Math.min(bytes, 900_000);
  return [
    ['blocks of six bytes', Buffer.concat([begin(track(1)), filled(block(1), bytes)])],
    ['blocks of picture and sound in turn', Buffer.concat([begin(track(1, 1), track(2)), filled(Buffer.concat([block(1), block(2)]), bytes)])],
    ['blocks of one byte, of picture and sound in turn', Buffer.concat([begin(track(1, 1), track(2)), filled(Buffer.concat([block(1, 0, Buffer.alloc(1)), block(2, 0, Buffer.alloc(1))]), bytes)])],
    ['blocks ten seconds apart', Buffer.concat([begin(track(1)), repeated(bytes / 20, (index) => Buffer.concat([Buffer.from('1f43b67501ffffffffffffff', 'hex'), element(0xe7, uint(index * 9_900)), block(1)]))])],
    ['blocks back and forth in time', Buffer.concat([begin(track(1)), filled(Buffer.concat([block(1, 30_000), block(1, 0)]), bytes)])],
    ['a cluster for each block', Buffer.concat([begin(track(1)), filled(Buffer.concat([Buffer.from('1f43b67585', 'hex'), Buffer.from('e78100', 'hex'), block(1)]), bytes)])],
    ['block groups of a block', Buffer.concat([begin(track(1)), filled(element(0xa0, element(0xa1, Buffer.from([0x81, 0, 0, 0]))), bytes)])],
    ['a block group that never ends, of blocks', Buffer.concat([begin(track(1)), Buffer.from('a001ffffffffffffff', 'hex'), filled(element(0xa1, Buffer.from([0x81, 0, 0, 0])), bytes)])],
    ['clusters of nothing', Buffer.concat([begin(track(1)), filled(Buffer.from('1f43b67580', 'hex'), bytes)])],
    ['elements of two bytes', Buffer.concat([begin(track(1)), filled(Buffer.from([0xec, 0x80]), bytes)])],
    ['many tracks, and blocks of the last', Buffer.concat([begin(...Array.from({ length: Math.floor(header / 16) }, (_, index) => track(1 + (index % 120)))), filled(block(120), bytes)])],
    ['tracks of two bytes', inHeader(filled(Buffer.from([0xae, 0x80]), header))],
    ['one track of many pictures of nothing', inHeader(element(0xae, filled(Buffer.from([0xe0, 0x80]), header)))],
    ['a codec of zeros and then a letter', inHeader(element(0xae, element(0xd7, uint(1)), element(0x83, uint(1)), element(0x86, Buffer.alloc(header), Buffer.from('A'))))],
    ['a kind of document of zeros and then a letter', element(0x1a45dfa3, element(0x4282, Buffer.alloc(header), Buffer.from('A')))],
    ['a number of very many digits', inHeader(element(0xae, element(0xd7, Buffer.alloc(header, 0xff))))],
    ['segments in segments', Buffer.concat([ebml, filled(Buffer.from('1853806701ffffffffffffff', 'hex'), bytes)])],
    ['recordings of five bytes', filled(Buffer.from('1a45dfa380', 'hex'), bytes)],
    ['recordings of a track and a block', filled(Buffer.concat([begin(track(1)), block(1)]), bytes)],
    ['keyframes of a picture that are ahead of another picture’s', Buffer.concat([begin(picture(1), picture(2)), repeated(Math.min(32_000, bytes / 44), (index) => Buffer.concat([block(1, index, idr), ...(index === 0 ? [block(2, 0, idr)] : index > 140 ? [block(2, index - 140, idr)] : [])]))])],
    ['times without end', Buffer.concat([ebml, segment, element(0x1549a966, element(0x2ad7b1, Buffer.alloc(8, 0xff))), element(0x1654ae6b, track(1)), filled(Buffer.concat([cluster.subarray(0, 12), element(0xe7, Buffer.alloc(8, 0xff)), block(1)]), bytes)])],
  ];
}

/** Fragmented MP4: counts and durations that are only claimed, tiny boxes, many tracks. */
export function mp4(bytes: number): CraftedRecordings {
  const type = box('ftyp', [Buffer.from('iso6\0\0\0\0iso6mp41', 'latin1')]);
  const init = Buffer.concat([type, box('moov', [soundTrack(1)])]);
  const trun = (flags: number, count: number, fields: Buffer = Buffer.alloc(0)): Buffer => box('trun', [be32(flags), be32(count), fields]);
  const traf = (...boxes: Buffer[]): Buffer => box('traf', [box('tfhd', [be32(0), be32(1)]), ...boxes]);
  const long = (duration: number, ...boxes: Buffer[]): Buffer => box('traf', [box('tfhd', [be32(8), be32(1), be32(duration)]), ...boxes]);
  const fragments = (moof: Buffer): Buffer => Buffer.concat([init, filled(moof, bytes)]);
  const inOne = Math.min(bytes, 1_000_000);
  return [
    ['runs that claim samples by defaults, in one fragment', Buffer.concat([init, box('moof', [traf(filled(trun(0, 0xffffffff), inOne))])])],
    ['a run that claims samples by defaults, in every fragment', fragments(box('moof', [traf(trun(0, 10_000))]))],
    ['samples by defaults, each ten seconds long', fragments(box('moof', [long(900_000, trun(0, 10_000))]))],
    ['samples of four bytes', Buffer.concat([init, box('moof', [traf(trun(0x200, inOne >> 2, Buffer.alloc(inOne)))])])],
    ['samples that last an hour each', fragments(box('moof', [traf(trun(0x100, 64, filled(be32(90_000 * 3600), 256)))]))],
    ['runs of nothing', Buffer.concat([init, box('moof', [traf(filled(trun(0, 0), inOne))])])],
    ['tracks of a fragment that has none', Buffer.concat([init, box('moof', [filled(box('traf'), inOne)])])],
    ['tracks of a fragment, each with a run', Buffer.concat([init, box('moof', [filled(traf(trun(0, 1)), inOne)])])],
    ['boxes of eight bytes', Buffer.concat([init, filled(box('free'), bytes)])],
    ['boxes of no length', Buffer.concat([init, filled(Buffer.from('0000000066726565', 'hex'), bytes)])],
    ['boxes of a long length', Buffer.concat([init, filled(box('free', [], { size64: true }), bytes)])],
    ['boxes in a header', Buffer.concat([type, box('moov', [filled(box('free'), inOne)])])],
    ['tracks in a header', Buffer.concat([type, box('moov', [filled(soundTrack(1), inOne)])])],
    ['boxes in boxes', Buffer.concat([type, nested(Math.min(20_000, inOne >> 3))])],
    ['defaults of many tracks', Buffer.concat([type, box('moov', [box('mvex', [filled(box('trex', [Buffer.alloc(24, 1)]), inOne)])])])],
    ['recordings of a header', filled(init, bytes)],
    ['recordings of the type alone', filled(type, bytes)],
  ];
}

/** FLV: tiny tags, configurations without end, tracks that never come. */
export function flvTags(bytes: number): CraftedRecordings {
  const begin = flv('av', [avcConfig, aacConfig, keyframe(0)]);
  const tag = (type: number, body: readonly number[], atMs = 0): Buffer => Buffer.concat([Buffer.from([type, 0, 0, body.length, (atMs >> 16) & 0xff, (atMs >> 8) & 0xff, atMs & 0xff, (atMs >> 24) & 0x7f, 0, 0, 0, ...body]), be32(11 + body.length)]);
  return [
    ['frames of two bytes', Buffer.concat([begin, filled(tag(8, [0xaf, 1]), bytes)])],
    ['sound of one byte, without a picture', Buffer.concat([flv('a', [aacConfig]), filled(tag(8, [0x2f]), bytes)])],
    ['frames half a second apart', Buffer.concat([flv('a', [aacConfig]), repeated(bytes / 17, (index) => tag(8, [0xaf, 1], index * 500))])],
    ['tags of nothing', Buffer.concat([begin, filled(tag(9, []), bytes)])],
    ['configurations alone', Buffer.concat([flv('av', []), filled(tag(9, [0x17, 0, 0, 0, 0]), bytes)])],
    ['sound at one moment, and a picture that never comes', Buffer.concat([flv('av', [aacConfig]), filled(tag(8, [0xaf, 1]), bytes)])],
    ['facts alone', Buffer.concat([flv('av', []), filled(tag(18, [2]), bytes)])],
    ['recordings of a header', filled(flv('av', []), bytes)],
  ];
}

/** MPEG-TS: no packets, packets of nothing, tables without end, start codes. */
export function transportStream(bytes: number): CraftedRecordings {
  const begin = mpegts();
  const packet = (pid: number, payload: Buffer, flags = 0x40): Buffer => Buffer.concat([Buffer.from([0x47, flags | (pid >> 8), pid & 0xff, 0x10]), payload, Buffer.alloc(188, 0xff)]).subarray(0, 188);
  const pes = Buffer.from('000001e0000080800521000100010000', 'hex');
  const entries = Buffer.from([0, 2, 0xb0, 0xa0, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0, ...Array.from({ length: 30 }, (_, index) => [0x1b, 0xe2, index, 0xf0, 0]).flat()]);
  return [
    ['zeros', Buffer.concat([begin, Buffer.alloc(bytes)])],
    ['sync bytes far from each other', Buffer.concat([begin, filled(Buffer.concat([Buffer.alloc(600), Buffer.from([0x47])]), bytes)])],
    ['sync bytes alone', Buffer.concat([begin, Buffer.alloc(bytes, 0x47)])],
    ['packets of nothing', Buffer.concat([begin, filled(packet(0x1fff, Buffer.alloc(0)), bytes)])],
    ['a frame in each packet', Buffer.concat([begin, filled(packet(0x100, pes), bytes)])],
    ['start codes', Buffer.concat([begin, filled(packet(0x100, Buffer.concat([pes, filled(Buffer.from([0, 0, 1, 0x67]), 160)])), bytes)])],
    ['a program of many pictures, none of which comes', Buffer.concat([packet(0, Buffer.from('0000b00d0001c100000001e100', 'hex')), filled(packet(0x100, entries), bytes)])],
    ['tables alone', Buffer.concat([begin.subarray(0, 2 * 188), filled(begin.subarray(0, 188), bytes)])],
  ];
}

export function ogg(bytes: number): CraftedRecordings {
  const opus = Buffer.from('OpusHead\u0001\u0002\0\0\u0080\u00bb\0\0\0\0\0', 'latin1');
  const begin = Buffer.concat([oggPage([opus], { begins: true }), oggPage([Buffer.from('OpusTags')])]);
  const packet = Buffer.of(0xfc);
  const vorbis = Buffer.concat([Buffer.from('\u0001vorbis'), Buffer.alloc(23, 1)]);
  return [
    ['pages of nothing', filled(Buffer.from('OggS'), bytes)],
    ['pages of a packet of a byte', Buffer.concat([begin, filled(oggPage([packet]), bytes)])],
    ['pages of as many packets as there can be', Buffer.concat([begin, filled(oggPage(Array.from({ length: 255 }, () => packet)), bytes)])],
    ['pages of as many packets of nothing', Buffer.concat([begin, filled(oggPage(Array.from({ length: 255 }, () => Buffer.alloc(0))), bytes)])],
    ['one packet over all pages', Buffer.concat([begin, filled(oggPage([Buffer.alloc(255)], { goesOn: true }), bytes)])],
    ['links of a chain', filled(Buffer.concat([begin, oggPage([packet])]), bytes)],
    ['beginnings of streams', filled(oggPage([opus], { begins: true }), bytes)],
    ['a setup header of ones', Buffer.concat([oggPage([vorbis], { begins: true }), oggPage([Buffer.from('\u0003vorbis')]), filled(oggPage([Buffer.alloc(200, 0xff), Buffer.alloc(54, 0xff)]), bytes)])],
  ];
}

/** Without its checksum, which nobody looks at. */
function oggPage(packets: readonly Buffer[], { begins = false, goesOn = false } = {}): Buffer {
  const head = Buffer.alloc(27);
  head.write('OggS');
  head[5] = begins ? 0x02 : goesOn ? 0x01 : 0;
  head[26] = packets.length;
  return Buffer.concat([head, Buffer.from(packets.map(({ length }) => length)), ...packets]);
}

const be32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

/** A track of an MP4's header, as small as it can be read. */
function soundTrack(id: number): Buffer {
  const tkhd = Buffer.concat([Buffer.alloc(12), be32(id), Buffer.alloc(68)]);
  const mdhd = Buffer.concat([Buffer.alloc(12), be32(90_000), Buffer.alloc(8)]);
  const hdlr = Buffer.from('\0\0\0\0\0\0\0\0soun\0\0\0\0', 'latin1');
  const stsd = box('stsd', [Buffer.alloc(8), box('Opus', [Buffer.alloc(28)])]);
  return box('trak', [box('tkhd', [tkhd]), box('mdia', [box('mdhd', [mdhd]), box('hdlr', [hdlr]), box('minf', [box('stbl', [stsd])])])]);
}

/** An EBML element whose size takes one byte, or eight where that is too little. */
function element(id: number, ...data: readonly Buffer[]): Buffer {
  const body = Buffer.concat(data);
  const size = Buffer.from([0x01, 0, 0, 0, 0, 0, 0, 0]);
  size.writeUIntBE(body.length, 2, 6);
  return Buffer.concat([uint(id), body.length < 127 ? Buffer.from([0x80 | body.length]) : size, body]);
}

function uint(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

function filled(pattern: Buffer, bytes: number): Buffer {
  return Buffer.alloc(Math.max(1, Math.floor(bytes / pattern.length)) * pattern.length).fill(pattern);
}

function repeated(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: Math.ceil(count) }, (_, index) => make(index)));
}

/** Boxes, each in the one before it. */
function nested(depth: number): Buffer {
  const bytes = Buffer.alloc(depth * 8);
  for (let index = 0; index < depth; index++) {
    bytes.writeUInt32BE((depth - index) * 8, index * 8);
    bytes.write(['moov', 'trak', 'mdia', 'minf', 'stbl'][Math.min(index, 4)]!, index * 8 + 4, 'latin1');
  }
  return bytes;
}
