import { RtmpProtocolError } from './protocol-error.js';

/** A value as AMF 0 knows it; dates are their milliseconds since 1970 UTC. */
export type AmfValue = number | boolean | string | null | undefined | readonly AmfValue[] | AmfObject;

export interface AmfObject {
  readonly [name: string]: AmfValue;
}

const marker = { number: 0, boolean: 1, string: 2, object: 3, null: 5, undefined: 6, ecmaArray: 8, objectEnd: 9, strictArray: 10, date: 11, longString: 12, unsupported: 13, xmlDocument: 15, typedObject: 16 } as const;

/** No command of a publisher nests deeper. */
const maxDepth = 8;
const maxValues = 4096;

/**
 * All values of a message's body, in order (AMF 0 specification, §2).
 * @throws {RtmpProtocolError}
 */
export function readAmf0(body: Buffer): AmfValue[] {
  const reader = new Amf0Reader(body);
  const values: AmfValue[] = [];
  while (!reader.atEnd) values.push(reader.value());
  return values;
}

class Amf0Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #values = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth = 0): AmfValue {
    if (depth > maxDepth || ++this.#values > maxValues) throw new RtmpProtocolError(`expected at most ${maxValues} AMF values, ${maxDepth} deep, got more`);
    const type = this.#bytes[this.#take(1)];
    switch (type) {
      case marker.number:
        return this.#bytes.readDoubleBE(this.#take(8));
      case marker.boolean:
        return this.#bytes[this.#take(1)] !== 0;
      case marker.string:
        return this.#text(this.#bytes.readUInt16BE(this.#take(2)));
      case marker.longString:
      case marker.xmlDocument:
        return this.#text(this.#bytes.readUInt32BE(this.#take(4)));
      case marker.object:
        return this.#object(depth);
      case marker.typedObject:
        this.#text(this.#bytes.readUInt16BE(this.#take(2)));
        return this.#object(depth);
      case marker.ecmaArray:
        // Its count is not to be relied on (§2.10): it ends like an object.
        this.#take(4);
        return this.#object(depth);
      case marker.strictArray:
        return this.#list(this.#bytes.readUInt32BE(this.#take(4)), depth);
      case marker.date: {
        const milliseconds = this.#bytes.readDoubleBE(this.#take(8));
        this.#take(2);
        return milliseconds;
      }
      case marker.null:
        return null;
      case marker.undefined:
      case marker.unsupported:
        return undefined;
      default:
        throw new RtmpProtocolError(`expected an AMF 0 value, got one of type ${String(type)}`);
    }
  }

  #object(depth: number): AmfObject {
    const entries: [string, AmfValue][] = [];
    for (;;) {
      const name = this.#text(this.#bytes.readUInt16BE(this.#take(2)));
      if (name === '' && this.#bytes[this.#at] === marker.objectEnd) {
        this.#take(1);
        // As own properties, whatever they are called.
        return Object.fromEntries(entries);
      }
      entries.push([name, this.value(depth + 1)]);
    }
  }

  #list(count: number, depth: number): AmfValue[] {
    const values: AmfValue[] = [];
    for (let index = 0; index < count; index++) values.push(this.value(depth + 1));
    return values;
  }

  #text(byteLength: number): string {
    const start = this.#take(byteLength);
    return this.#bytes.toString('utf8', start, start + byteLength);
  }

  #take(byteLength: number): number {
    const start = this.#at;
    if (start + byteLength > this.#bytes.length) throw new RtmpProtocolError(`expected an AMF 0 value of ${start + byteLength} bytes, got ${this.#bytes.length}`);
    this.#at = start + byteLength;
    return start;
  }
}

/** The values one after another, as they stand in a message's body. */
export function writeAmf0(values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.map(encode));
}

function encode(value: AmfValue): Buffer {
  if (value === undefined) return Buffer.from([marker.undefined]);
  if (value === null) return Buffer.from([marker.null]);
  if (typeof value === 'boolean') return Buffer.from([marker.boolean, value ? 1 : 0]);
  if (typeof value === 'string') return encodeText(value);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (isList(value)) {
    const count = Buffer.from([marker.strictArray, 0, 0, 0, 0]);
    count.writeUInt32BE(value.length, 1);
    return Buffer.concat([count, ...value.map(encode)]);
  }
  const entries = Object.entries(value).flatMap(([name, entry]) => [encodeName(name), encode(entry)]);
  return Buffer.concat([Buffer.from([marker.object]), ...entries, Buffer.from([0, 0, marker.objectEnd])]);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= 0xffff) return Buffer.concat([Buffer.from([marker.string]), encodeName(text)]);
  const head = Buffer.from([marker.longString, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function encodeName(name: string): Buffer {
  const bytes = Buffer.from(name).subarray(0, 0xffff);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function isList(value: readonly AmfValue[] | AmfObject): value is readonly AmfValue[] {
  return Array.isArray(value);
}
