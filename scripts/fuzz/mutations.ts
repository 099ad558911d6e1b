import type { Dice } from './dice.js';

/** Lengths and numbers that readers trip over. */
const evilNumbers = [0, 1, 7, 8, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const evilTexts = ['', '\0', '%', '%00', '%zz', '%2e%2e%2f', '../', '..\\', '~', '/~/', '?', '#', '&', '=', '[]', '__proto__', 'constructor', '\u202e', 'é', '💥', "'", '"', '<', '{', '}', '\r\n', ' ', '-1', '1e9', '999999999999999', '9'.repeat(40), 'NaN', 'true', 'null', 'a'.repeat(300)];

/** Changes some bytes: flips, false numbers, cuts, doubled and misplaced stretches. */
export function mutateBytes(dice: Dice, original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + dice.int(4); changes > 0 && bytes.length > 8; changes--) {
    const at = dice.int(bytes.length - 4);
    const until = at + dice.int(Math.min(200, bytes.length - at));
    switch (dice.int(7)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << dice.int(8));
        break;
      case 1:
        bytes.writeUInt32BE(dice.pick(evilNumbers), at);
        break;
      case 2:
        bytes[at] = dice.pick([0, 1, 0x7f, 0x80, 0xff]);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), dice.bytes(dice.int(16)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

export function mutateText(dice: Dice, original: string): string {
  let text = original;
  for (let changes = 1 + dice.int(3); changes > 0; changes--) {
    const at = dice.int(text.length + 1);
    const until = Math.min(text.length, at + dice.int(6));
    const inserted = dice.chance(3) ? '' : dice.chance(4) ? String.fromCharCode(dice.int(0x3000)) : dice.pick(evilTexts);
    text = text.slice(0, at) + inserted + text.slice(dice.chance(2) ? at : until);
  }
  return text;
}

/** The bytes as a network might bring them. */
export function* slices(dice: Dice, bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const length = dice.chance(3) ? bytes.length : 1 + dice.int(dice.chance(4) ? 4 : 700);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
