import t from 'tap';
import { readJpeg } from '../../src/source/jpeg.js';
import { PictureRecorder } from '../../src/source/picture-recorder.js';
import { jpegOf } from '../helpers/jpeg.js';
import { seeded } from './fixture.js';

t.test('the size of a JPEG picture is read from its frame header', async (t) => {
  t.same(readJpeg(jpegOf(640, 361)), { width: 640, height: 361 });
  t.same(readJpeg(Buffer.concat([jpegOf(640, 361), Buffer.alloc(12)])), { width: 640, height: 361 }, 'padded');
});

t.test('what is no whole JPEG picture is told apart in words', async (t) => {
  const jpeg = jpegOf(640, 360);
  t.match(readJpeg(Buffer.from('GIF89a')), { notJpeg: /does not begin/ });
  t.match(readJpeg(jpeg.subarray(0, 12)), { notJpeg: /breaks off/ });
  t.match(readJpeg(jpeg.subarray(0, -2)), { notJpeg: /end is missing/ });
  t.match(readJpeg(jpegOf(0, 360)), { notJpeg: /no width/ });
  t.match(readJpeg(Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(jpeg.indexOf(Buffer.from([0xff, 0xda])))])), { notJpeg: /how large/ });
});

t.test('a JPEG picture cut or changed anywhere is read without an exception', async (t) => {
  const jpeg = jpegOf(640, 360);
  const random = seeded(7);
  for (let length = 0; length < jpeg.length; length++) t.match(readJpeg(jpeg.subarray(0, length)), { notJpeg: String });
  for (let round = 0; round < 2000; round++) {
    const changed = Buffer.from(jpeg);
    for (let flips = 0; flips < 3; flips++) changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
    readJpeg(changed);
  }
});

t.test('pictures become a recording at the times of their arrival, each a point where it can be entered', async (t) => {
  const recorder = new PictureRecorder();
  const size = { width: 640, height: 360 };
  const jpeg = jpegOf(640, 360);
  const events = [1000, 1100, 1100, 1099, 1350.4].flatMap((atMs) => recorder.add(jpeg, size, atMs));
  t.match(events.slice(0, 2), [{ type: 'recording' }, { header: { container: 'jpeg', tracks: [{ id: 1, kind: 'video', codec: 'mjpeg', width: 640, height: 360 }] } }]);
  const frames = events.flatMap((event) => (event.type === 'frame' ? [event] : []));
  t.same(frames.map(({ timeSeconds }) => timeSeconds.toFixed(3)), ['0.000', '0.100', '0.101', '0.102', '0.350'], 'no two at one time, none back in time');
  t.ok(frames.every(({ keyframe, bytes }) => keyframe && bytes === jpeg), 'the pictures are in it as they came');
});

t.test('another size, and a long standstill, begin a recording', async (t) => {
  const recorder = new PictureRecorder();
  const small = { width: 64, height: 48 };
  const large = { width: 640, height: 480 };
  const parts = [
    recorder.add(jpegOf(64, 48), small, 0),
    recorder.add(jpegOf(64, 48), small, 4000),
    recorder.add(jpegOf(640, 480), large, 4100),
    recorder.add(jpegOf(640, 480), large, 9200),
  ];
  t.same(parts.map((events) => events.some(({ type }) => type === 'recording')), [true, false, true, true]);
});
