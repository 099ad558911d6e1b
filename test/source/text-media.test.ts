import t from 'tap';
import { describeWrapped, TextMediaReader, type TextMedia } from '../../src/source/text-media.js';
import { jpegOf } from '../helpers/jpeg.js';
import { fixture } from './fixture.js';

const read = (text: string): TextMedia | undefined => new TextMediaReader().read(text);

t.test("a canvas's data URL is read, and what else it may give is explained", async (t) => {
  const jpeg = jpegOf(8, 8);
  const base64 = jpeg.toString('base64');
  t.same(read(`data:image/jpeg;base64,${base64}`), { picture: jpeg });
  t.same(read(`DATA:image/jpg;name=a;base64,${base64.replace(/=+$/, '')}`), { picture: jpeg });
  t.match(read('data:,'), { malformed: /canvas without width or height/ });
  t.match(read(`data:image/jpeg,${base64}`), { malformed: /expected "data:image\/jpeg;base64,"/ });
  t.match(read('data:image/jpeg;base64,not base64!'), { malformed: /no base64/ });
  t.match(read('data:image/jpeg;base64,'), { malformed: /no base64/ });
  t.match(read('data:image/png;base64,iVBORw0KGgo='), { unsupported: /got a PNG picture as image\/png; ask the canvas for toDataURL\('image\/jpeg'\)/ });
});

t.test('a recording as text is taken: data URLs of any media type that FileReader gives, and plain base64', async (t) => {
  const recording = fixture('chromium-vp8.webm').subarray(0, 4000);
  const chunks = [recording.subarray(0, 1001), recording.subarray(1001, 1004), recording.subarray(1004)];
  for (const type of ['video/webm', 'video/webm;codecs=vp8,opus', 'video/x-matroska;codecs="avc1.42E01E,opus"', 'audio/webm', 'application/octet-stream']) {
    for (const chunk of chunks) t.same(read(`data:${type};base64,${chunk.toString('base64')}`), { recording: chunk }, type);
    t.same(read(`data:${type};base64,`), { recording: Buffer.alloc(0) }, 'a recorder gives empty chunks too');
  }
  for (const name of ['chromium-vp8.webm', 'chromium-h264.mkv', 'chromium-h264.mp4'] as const) {
    const bytes = fixture(name);
    const reader = new TextMediaReader();
    for (let at = 0; at < 9000; at += 3000) t.same(reader.read(bytes.toString('base64', at, at + 3000)), { recording: bytes.subarray(at, at + 3000) }, name);
  }
});

t.test('words that could be base64 are no recording as long as none began', async (t) => {
  for (const word of ['hello', 'start', 'aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=', '{"type":"end"}', '']) t.equal(read(word), undefined, word);
});

t.test('chunks that became something else on their way are named in words', async (t) => {
  const chunk = fixture('chromium-vp8.webm').subarray(0, 400);
  for (const [text, words] of [
    ['[object Blob]', /"\[object Blob\]", which is what a chunk becomes as text/],
    ['[object ArrayBuffer]', /object ArrayBuffer/],
    ['{}', /all that JSON keeps of a chunk/],
    [JSON.stringify(chunk), /media wrapped in JSON, \{"type":"Buffer","data":\[26,69/],
    [JSON.stringify(new Uint8Array(chunk)).slice(0, 900).replace(/,[^,]*$/, '}'), /media wrapped in JSON/],
    [JSON.stringify({ type: 'chunk', data: chunk.toString('base64') }), /media wrapped in JSON, \{"type":"chunk"/],
    [JSON.stringify({ event: 'media', payload: { data: 1, at: 2, size: 3, index: 4, last: false } }), /media wrapped in JSON/],
  ] as const) t.match(describeWrapped(text), words, text.slice(0, 40));
  for (const text of ['{', '"end"', '{"type":"launch"}', '{"type":"recording","mimeType":7}', 'hello', '7']) t.equal(describeWrapped(text), undefined, text);
});
