import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { readAmf0, writeAmf0, type AmfObject, type AmfValue } from '../../src/rtmp/wire/amf0.js';
import { ChunkReader } from '../../src/rtmp/wire/chunk-reader.js';
import { writeChunks } from '../../src/rtmp/wire/chunk-writer.js';
import { messageType, type RtmpMessage } from '../../src/rtmp/wire/message.js';
import { waitUntil, type Teardown } from './programs.js';

export interface Told {
  readonly name: string;
  readonly args: readonly AmfValue[];
}

/** An AVCDecoderConfigurationRecord and an AudioSpecificConfig as they stand in their tags; frames that only look like some. */
export const tags = {
  avcHeader: (level = 0x1e) => Buffer.from([0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, level, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, level, 1, 0, 2, 0x68, 0xce]),
  aacHeader: () => Buffer.from([0xaf, 0, 0x12, 0x10]),
  keyframe: () => Buffer.from([0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88]),
  picture: () => Buffer.from([0x27, 1, 0, 0, 0, 0, 0, 0, 2, 0x41, 0x9a]),
  sound: () => Buffer.from([0xaf, 1, 0x21, 0x10]),
};

/** An encoder's end of RTMP, in the test's hand. */
export class RtmpClient {
  readonly told: Told[] = [];
  readonly messages: RtmpMessage[] = [];
  readonly closed: Promise<void>;
  readonly socket: Socket;
  readonly #reader = new ChunkReader({ maxMessageBytes: 1_000_000 });
  #toSkip = 1 + 2 * 1536;

  constructor(t: Teardown, port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('data', (bytes: Buffer) => this.#read(bytes));
    t.teardown(() => this.socket.destroy());
  }

  async shakeHands(): Promise<void> {
    await once(this.socket, 'connect');
    this.socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(1536, 7), Buffer.alloc(1536, 9)]));
    await waitUntil('the handshake', () => this.#toSkip === 0);
  }

  /** Up to the answer to `publish`. */
  async publish(name: string, app = 'live'): Promise<AmfObject> {
    await this.shakeHands();
    this.command('connect', 1, { app, tcUrl: `rtmp://127.0.0.1/${app}`, flashVer: 'test/1' });
    await this.answer('_result');
    this.command('createStream', 2, null);
    this.command('publish', 3, null, name, 'live');
    return this.status();
  }

  command(name: string, transaction: number, ...args: AmfValue[]): void {
    this.send(messageType.commandAmf0, 0, writeAmf0([name, transaction, ...args]), 3);
  }

  /** Chunks of the default size; timestamps below 0xffffff. */
  send(type: number, timestamp: number, body: Buffer, chunkStreamId = 6): void {
    this.socket.write(writeChunks(chunkStreamId, { type, timestamp, streamId: 1, body }, 128));
  }

  /** Picture at 25 a second, a keyframe every second, with sound. */
  media(fromFrame: number, frames: number, level?: number): void {
    if (fromFrame === 0 || level !== undefined) {
      this.send(messageType.video, fromFrame * 40, tags.avcHeader(level));
      this.send(messageType.audio, fromFrame * 40, tags.aacHeader(), 4);
    }
    for (let frame = fromFrame; frame < fromFrame + frames; frame++) {
      this.send(messageType.video, frame * 40, frame % 25 === 0 ? tags.keyframe() : tags.picture());
      this.send(messageType.audio, frame * 40, tags.sound(), 4);
    }
  }

  async answer(name: string): Promise<Told> {
    return waitUntil(`"${name}"`, () => this.told.find((told) => told.name === name));
  }

  /** The next `onStatus`, or `_error`, that nobody was given yet. */
  async status(): Promise<AmfObject> {
    const found = await waitUntil('a status', () => this.told.find(({ name }) => name === 'onStatus' || name === '_error'));
    this.told.splice(this.told.indexOf(found), 1);
    return found.args.at(-1) as AmfObject;
  }

  #read(bytes: Buffer): void {
    const skipped = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= skipped;
    for (const message of this.#reader.push(bytes.subarray(skipped))) {
      this.messages.push(message);
      if (message.type !== messageType.commandAmf0) continue;
      const [name, , ...args] = readAmf0(message.body);
      this.told.push({ name: typeof name === 'string' ? name : '', args });
    }
  }
}
