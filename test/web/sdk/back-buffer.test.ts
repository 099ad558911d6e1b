import type Hls from 'hls.js';
import t from 'tap';
import { trimBackBuffer } from '../../../src/web/sdk/playback/back-buffer.js';

const Events = { FRAG_BUFFERED: 'buffered', BUFFER_FLUSHING: 'flushing' };

t.test('what was played is removed in pieces of a quarter of a minute, as soon as a part is in hand, and a quarter of a minute is kept', async (t) => {
  const flushed: object[] = [];
  const media = { currentTime: 0, buffered: { length: 0, start: () => NaN } };
  let onBuffered: () => void = () => undefined;
  const hls = {
    media: undefined as typeof media | undefined,
    on: (_event: string, handler: () => void) => (onBuffered = handler),
    trigger: (event: string, data: { readonly endOffset: number }) => {
      flushed.push({ event, atSeconds: media.currentTime, ...data });
      media.buffered.start = () => data.endOffset;
    },
  };
  trimBackBuffer({ Events } as unknown as typeof Hls, hls as unknown as Hls);
  onBuffered();
  hls.media = media;
  onBuffered();
  Object.assign(media.buffered, { length: 1, start: () => 0 });
  for (; media.currentTime < 60; media.currentTime += 0.5) onBuffered();
  t.strictSame(flushed, [30, 45].map((atSeconds) => ({ event: 'flushing', atSeconds, startOffset: 0, endOffset: atSeconds - 15, type: null })));
});
