/** The least that is a JPEG picture to everybody but a decoder: a frame header with its size, a scan, an end. */
export function jpegOf(width: number, height: number, scan = 'scan'): Buffer {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const application = Buffer.from([0xff, 0xe0, 0, 4, 1, 2]);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), application, frame, Buffer.from([0xff, 0xda, 0, 2]), Buffer.from(scan), Buffer.from([0xff, 0xd9])]);
}
