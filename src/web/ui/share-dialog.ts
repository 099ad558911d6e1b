import type { LiveStreamUrls } from '../../protocol/urls.js';
import { copyField } from './copy-field.js';
import { element } from './element.js';
import { isLoopback, qrCode } from './qr-code.js';

export interface ShareDialog {
  readonly element: HTMLDialogElement;
  open(): void;
}

/** Everything that can be passed on of a stream or a recording: the page's address, to an app or by its QR code, and what other players and pages need. */
export function shareDialog(urls: Pick<LiveStreamUrls, 'watch' | 'hls'> & Partial<Pick<LiveStreamUrls, 'embedCode'>>, title: () => string): ShareDialog {
  const toApp = element('button', { class: 'button button--primary', type: 'button', hidden: !('share' in navigator) }, 'Share by an app…');
  toApp.addEventListener('click', () => {
    // Rejected when nobody was chosen, which is no failure.
    void navigator.share({ title: title(), url: urls.watch }).catch(() => undefined);
  });
  const hint = isLoopback(urls.watch) ? 'This page was opened as localhost: a phone needs the name or address of this computer instead.' : 'Scan to watch on a phone.';
  const dialog = element(
    'dialog',
    { class: 'dialog dialog--wide', 'aria-labelledby': 'share-title' },
    element(
      'form',
      { method: 'dialog', class: 'stack' },
      element('div', { class: 'row dialog-head' }, element('h2', { id: 'share-title' }, 'Share'), element('button', { class: 'button button--quiet', type: 'submit' }, 'Close')),
      element(
        'div',
        { class: 'share' },
        element(
          'div',
          { class: 'stack' },
          toApp,
          copyField('Link to this page', urls.watch),
          copyField('HLS link, for VLC and other players', urls.hls),
          ...(urls.embedCode === undefined ? [] : [copyField('To put the player on a page', urls.embedCode)]),
        ),
        element('div', { class: 'phone' }, qrCode(urls.watch, `QR code of ${urls.watch}`), element('p', { class: 'small soft' }, hint)),
      ),
    ),
  );
  return { element: dialog, open: () => dialog.showModal() };
}
