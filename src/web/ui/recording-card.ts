import type { RecordingInfo } from '../../protocol/recording-info.js';
import { clockTime } from './amounts.js';
import { element } from './element.js';
import { dayAndTime } from './live-words.js';
import { serverBase } from './server-base.js';

/** One recording in a list: picture, length, title, stream, date. */
export function recordingCard({ id, stream, title = stream, description, startedAt, durationSeconds, width, state }: RecordingInfo): HTMLLIElement {
  const page = `${serverBase}/recordings/${encodeURIComponent(id)}`;
  const picture = element('img', { alt: '', width: '640', height: '360', loading: 'lazy', decoding: 'async' });
  picture.addEventListener('load', () => picture.toggleAttribute('data-there', true));
  if (width !== undefined) picture.src = `${page}/poster.jpg`;
  const lamp = state === 'recording' ? [element('span', { class: 'lamp', 'data-state': 'busy' }, 'Being recorded')] : [];
  return element(
    'li',
    { class: 'card stream-card' },
    element(
      'div',
      { class: 'stream-picture' },
      picture,
      ...(width === undefined ? [element('span', { class: 'stream-sound small' }, 'Sound only')] : []),
      ...lamp,
      element('span', { class: 'recording-length numbers' }, element('span', { class: 'visually-hidden' }, 'Length: '), clockTime(durationSeconds)),
    ),
    element(
      'div',
      { class: 'stream-facts' },
      element('h2', {}, element('a', { class: 'stream-link', href: page }, title)),
      ...(description === undefined ? [] : [element('p', { class: 'stream-description soft small' }, description)]),
      element(
        'div',
        { class: 'row' },
        element('a', { class: 'recording-stream soft small', href: `${serverBase}/recordings?stream=${encodeURIComponent(stream)}` }, stream),
        element('time', { class: 'soft small', datetime: startedAt }, dayAndTime(startedAt)),
      ),
    ),
  );
}
