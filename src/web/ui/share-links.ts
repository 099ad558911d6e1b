import type { LiveStreamUrls } from '../../protocol/urls.js';
import { copyField } from './copy-field.js';
import { element } from './element.js';
import { isLoopback, qrCode } from './qr-code.js';

/** Everything a broadcaster hands on: links to copy, code to embed, a QR code for a phone. */
export function shareLinks(urls: LiveStreamUrls): HTMLElement {
  return element(
    'div',
    { class: 'share-links' },
    element(
      'div',
      { class: 'stack' },
      copyField('Watch page', urls.watch),
      copyField('HLS, for VLC and other players', urls.hls),
      copyField('Embed code for your own page', urls.embedCode),
      element('a', { href: urls.watch, target: '_blank', rel: 'noopener' }, 'Open the watch page'),
    ),
    element(
      'div',
      { class: 'share-phone' },
      qrCode(urls.watch, 'QR code that leads to the watch page'),
      element('span', { class: 'hint' }, isLoopback(urls.watch) ? 'A phone cannot reach “localhost”: open the studio under the server’s name in your network.' : 'Watch on a phone'),
    ),
  );
}
