import type { LiveStreamInfo, LiveStreamList } from '../../protocol/live-stream-info.js';
import { retryAfterMs } from '../sdk/retry-after.js';
import { byId, element } from '../ui/element.js';
import { sinceInWords, viewersInWords } from '../ui/live-words.js';
import { notice } from '../ui/notice.js';
import { serverBase } from '../ui/server-base.js';

const refreshMs = 4000;
/** Pages that were opened together, at the start of a show, do not ask together for ever. */
const spreadMs = 1500;
/** The server makes no more of them than one in so long, by default. */
const pictureMs = 12_000;

interface Card {
  readonly item: HTMLLIElement;
  show(info: LiveStreamInfo): void;
}

const list = byId('streams', HTMLUListElement);
const empty = byId('empty', HTMLElement);
const status = byId('status', HTMLElement);
const problem = byId('problem', HTMLElement);
/** Kept over refreshes, so that neither focus nor reading position is lost. */
const cards = new Map<string, Card>();
let timer: ReturnType<typeof setTimeout> | undefined;

function streamCard(stream: string): Card {
  const name = element('span', { class: 'soft small' });
  const description = element('p', { class: 'stream-description soft small' });
  const link = element('a', { class: 'stream-link', href: `${serverBase}/watch/${encodeURIComponent(stream)}` }, stream);
  const since = element('span', { class: 'soft small' });
  const viewers = element('span', { class: 'chip numbers' });
  const lamp = element('span', { class: 'lamp', 'data-state': 'live' }, 'LIVE');
  const sound = element('span', { class: 'stream-sound small', hidden: true }, 'Sound only');
  // Beside the name it tells nothing to who can't see it.
  const picture = element('img', { alt: '', width: '640', height: '360', loading: 'lazy', decoding: 'async' });
  const showPicture = (isThere: boolean): boolean => picture.toggleAttribute('data-there', isThere);
  picture.addEventListener('load', () => showPicture(true));
  picture.addEventListener('error', () => showPicture(false));
  const item = element(
    'li',
    { class: 'card stream-card' },
    element('div', { class: 'stream-picture' }, picture, sound, lamp),
    element('div', { class: 'stream-facts' }, element('h2', {}, link), description, element('div', { class: 'row' }, name, since, viewers)),
  );
  return {
    item,
    show(info) {
      link.textContent = info.title ?? stream;
      name.textContent = info.title === undefined ? '' : stream;
      description.textContent = info.description ?? '';
      since.textContent = sinceInWords(info.startedAt, new Date());
      viewers.textContent = viewersInWords(info.viewers);
      const hasPicture = info.rendition?.width !== undefined;
      sound.hidden = hasPicture;
      // The old one stays until the new one is there.
      if (hasPicture) picture.src = `${serverBase}/live/${encodeURIComponent(stream)}/poster.jpg?at=${Math.floor(Date.now() / pictureMs)}`;
      else showPicture(false);
    },
  };
}

function show(streams: readonly LiveStreamInfo[]): void {
  for (const [stream, card] of cards) {
    if (streams.some((info) => info.stream === stream)) continue;
    card.item.remove();
    cards.delete(stream);
  }
  for (const info of streams) {
    const card = cards.get(info.stream) ?? streamCard(info.stream);
    if (!cards.has(info.stream)) {
      cards.set(info.stream, card);
      list.append(card.item);
    }
    card.show(info);
  }
  empty.hidden = streams.length > 0;
  list.hidden = streams.length === 0;
  const words = streams.length === 1 ? '1 stream is live' : `${streams.length} streams are live`;
  // Set only when it changes: it is read out.
  if (status.textContent !== words) status.textContent = words;
}

async function refresh(): Promise<void> {
  clearTimeout(timer);
  let serverWishMs = 0;
  try {
    const response = await fetch(`${serverBase}/api/streams`, { cache: 'no-store' });
    serverWishMs = retryAfterMs(response.headers) ?? 0;
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { streams } = (await response.json()) as LiveStreamList;
    show(streams.filter((info) => info.state === 'live'));
    problem.replaceChildren();
  } catch {
    if (problem.childElementCount === 0) {
      problem.append(notice('warning', { title: "Can't reach the server", advice: 'This list may be old. It is refreshed by itself as soon as the server answers again.' }));
    }
  }
  timer = setTimeout(() => {
    if (!document.hidden) void refresh();
  }, serverWishMs + refreshMs + spreadMs * Math.random());
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});
void refresh();
byId('not-loaded', HTMLElement).remove();
