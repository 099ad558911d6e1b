import { isStreamName } from '../../protocol/urls.js';
import type { RecordingInfo, RecordingList } from '../../protocol/recording-info.js';
import { byId, element } from '../ui/element.js';
import { notice } from '../ui/notice.js';
import { recordingCard } from '../ui/recording-card.js';
import { serverBase } from '../ui/server-base.js';

const pageSize = 24;

const list = byId('recordings', HTMLUListElement);
const status = byId('status', HTMLElement);
const problem = byId('problem', HTMLElement);
const more = byId('more', HTMLButtonElement);
const empty = byId('empty', HTMLElement);
const query = byId('query', HTMLInputElement);
const ofStream = byId('of-stream', HTMLElement);

interface Wish {
  readonly q: string;
  readonly stream: string;
}

/** What is looked for stands in the address, so that it can be passed on and gone back to. */
function wishOf(search: string): Wish {
  const params = new URLSearchParams(search);
  const stream = params.get('stream') ?? '';
  return { q: params.get('q') ?? '', stream: isStreamName(stream) ? stream : '' };
}

function searchOf({ q, stream }: Wish): string {
  const params = new URLSearchParams({ ...(q !== '' && { q }), ...(stream !== '' && { stream }) }).toString();
  return params === '' ? '' : `?${params}`;
}

let wish = wishOf(location.search);
let next: string | undefined;
let shown = 0;
/** What was asked for before another wish came is not shown any more. */
let round = 0;

async function load(before?: string): Promise<void> {
  const asked = (round += before === undefined ? 1 : 0);
  more.disabled = true;
  try {
    const params = new URLSearchParams({ limit: String(pageSize), ...(wish.q !== '' && { q: wish.q }), ...(wish.stream !== '' && { stream: wish.stream }), ...(before !== undefined && { before }) });
    const response = await fetch(`${serverBase}/api/recordings?${params.toString()}`, { cache: 'no-store' });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const page = (await response.json()) as RecordingList;
    if (asked === round) show(page, before !== undefined);
  } catch (error) {
    if (asked !== round) return;
    const reason = error instanceof Error ? error.message : String(error);
    problem.replaceChildren(notice('warning', { title: "Can't load the recordings", advice: `${reason}.`, actions: [{ label: 'Try again', run: () => void load(before) }] }));
  } finally {
    more.disabled = false;
  }
}

function show({ recordings, next: following }: RecordingList, added: boolean): void {
  problem.replaceChildren();
  const cards = recordings.map((info: RecordingInfo) => recordingCard(info));
  if (added) list.append(...cards);
  else list.replaceChildren(...cards);
  // Whoever pressed the button goes on with what it brought.
  if (added) cards[0]?.querySelector<HTMLElement>('a')?.focus();
  shown = added ? shown + cards.length : cards.length;
  next = following;
  more.hidden = next === undefined;
  list.hidden = shown === 0;
  empty.hidden = shown > 0;
  const isSearch = wish.q !== '' || wish.stream !== '';
  byId('empty-title', HTMLElement).textContent = isSearch ? 'Nothing was found' : 'Nothing is recorded yet';
  byId('empty-text', HTMLElement).textContent = isSearch ? 'All words must be in the title, the description or the name of the stream.' : 'What is recorded appears here, also while it is still live.';
  byId('empty-advice', HTMLElement).hidden = isSearch;
  const words = shown === 1 ? '1 recording' : `${shown} recordings${next === undefined ? '' : ', and more'}`;
  status.textContent = shown === 0 ? '' : words;
}

function showWish(): void {
  query.value = wish.q;
  ofStream.hidden = wish.stream === '';
  const all = element('a', { href: `./recordings${searchOf({ ...wish, stream: '' })}` }, 'Show those of all streams');
  ofStream.replaceChildren(element('span', {}, 'Only those of ', element('strong', {}, wish.stream)), all);
}

byId('search', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  wish = { ...wish, q: query.value.trim() };
  history.pushState(undefined, '', `${location.pathname}${searchOf(wish)}`);
  void load();
});
window.addEventListener('popstate', () => {
  wish = wishOf(location.search);
  showWish();
  void load();
});
more.addEventListener('click', () => void load(next));
showWish();
void load();
byId('not-loaded', HTMLElement).remove();
