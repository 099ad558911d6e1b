import t from 'tap';
import { recordableMimeTypes } from '../../../src/web/sdk/support.js';

const both = { video: true, audio: true };
const supports = (...types: readonly string[]) => (type: string): boolean => types.includes(type);

t.test('H.264 comes first, then VP9, VP8 and at last MP4', async (t) => {
  t.same(recordableMimeTypes(both, () => true), [
    'video/webm;codecs=h264,opus',
    'video/x-matroska;codecs=avc1,opus',
    'video/webm;codecs=vp9,opus',
    'video/webm;codecs=vp8,opus',
    'video/mp4;codecs=avc1.42E01F,mp4a.40.2',
    'video/mp4;codecs=avc1.42E01F,opus',
    'video/webm',
    'video/mp4',
  ]);
});

t.test('only what the browser supports is asked for', async (t) => {
  const firefox = supports('video/webm;codecs=vp8,opus', 'video/webm', 'audio/webm;codecs=opus');
  t.same(recordableMimeTypes(both, firefox), ['video/webm;codecs=vp8,opus', 'video/webm']);
  const oldSafari = supports('video/mp4;codecs=avc1.42E01F,mp4a.40.2', 'video/mp4');
  t.equal(recordableMimeTypes(both, oldSafari)[0], 'video/mp4;codecs=avc1.42E01F,mp4a.40.2');
  t.same(recordableMimeTypes(both, () => false), []);
});

t.test('a codec is named only for a track that is there', async (t) => {
  t.equal(recordableMimeTypes({ video: true, audio: false }, () => true)[0], 'video/webm;codecs=h264');
  t.equal(recordableMimeTypes({ video: false, audio: true }, () => true)[0], 'audio/webm;codecs=opus');
});
