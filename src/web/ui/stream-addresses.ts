import type { LiveStreamUrls } from '../../protocol/urls.js';
import { copyField } from './copy-field.js';
import { element } from './element.js';

/** Ways in and ways out, in the order in which they are shown. */
const waysIn: readonly (readonly [name: 'publish' | 'push', label: string])[] = [
  ['push', 'HTTP push, for ffmpeg, curl, GStreamer'],
  ['publish', 'WebSocket, for pages and programs of your own'],
];
const waysOut: readonly (readonly [name: keyof LiveStreamUrls, label: string])[] = [
  ['watch', 'Watch page'],
  ['embedCode', 'Embed code for your own page'],
  ['hls', 'HLS, for VLC, phones and most players'],
  ['play', 'WebSocket, for Media Source Extensions'],
  ['mp4', 'MP4 over HTTP'],
  ['flv', 'FLV over HTTP'],
  ['frames', 'Moving pictures for an <img>'],
  ['poster', 'A recent picture'],
];

/** Every address to copy. @param key stands in what it opens; empty: the addresses are told without it */
export function streamAddresses(urls: LiveStreamUrls, key: string): HTMLElement {
  const secret = key === '' ? '' : `?key=${encodeURIComponent(key)}`;
  const warning =
    key === ''
      ? 'Add ?key= and your publish key to each of them.'
      : 'They carry your publish key: who has one can publish under this name. Keep them to yourself, also when you share your screen.';
  return element(
    'div',
    { class: 'stream-addresses' },
    element(
      'section',
      { class: 'stack', 'aria-labelledby': 'addresses-in' },
      element('h3', { id: 'addresses-in' }, 'Push to'),
      element('p', { class: 'hint' }, warning),
      ...waysIn.map(([name, label]) => copyField(label, urls[name] + secret)),
      ...rtmpFields(urls.rtmp, secret),
    ),
    element(
      'section',
      { class: 'stack', 'aria-labelledby': 'addresses-out' },
      element('h3', { id: 'addresses-out' }, 'Pull from'),
      element('p', { class: 'hint' }, 'They can be passed on. They play whenever the stream is live.'),
      ...waysOut.flatMap(([name, label]) => (urls[name] === undefined ? [] : [copyField(label, urls[name])])),
    ),
  );
}

/** Encoders ask for it in two parts. */
function rtmpFields(rtmp: string | undefined, secret: string): HTMLElement[] {
  if (rtmp === undefined) return [];
  const at = rtmp.lastIndexOf('/');
  return [copyField('RTMP server, for OBS and phones', rtmp.slice(0, at)), copyField('RTMP stream key', rtmp.slice(at + 1) + secret)];
}
