import type { LiveStreamUrls } from '../../protocol/urls.js';
import { OnairError } from '../sdk/errors.js';
import { Publisher } from '../sdk/publisher.js';
import type { PublisherState, PublisherStats } from '../sdk/publisher-events.js';
import { assertCanCapture, canShareScreen } from '../sdk/support.js';
import { bitRate, byteSize, clockTime } from '../ui/amounts.js';
import { devicesAreKnown } from '../ui/device-picker.js';
import { byId } from '../ui/element.js';
import { failureTitles } from '../ui/failure-titles.js';
import { endLeftBroadcast, findLeftBroadcast, forgetBroadcast, rememberBroadcast, type LeftBroadcast } from '../ui/left-broadcast.js';
import { NoticeBoard } from '../ui/notice-board.js';
import { serverBase } from '../ui/server-base.js';
import { shareLinks } from '../ui/share-links.js';
import { StudioAddresses } from '../ui/studio-addresses.js';
import { StudioChat } from '../ui/studio-chat.js';
import { StudioForm } from '../ui/studio-form.js';
import { StudioSource } from '../ui/studio-source.js';

const lamps: Readonly<Record<PublisherState, { readonly words: string; readonly lamp: 'off' | 'busy' | 'live' }>> = {
  idle: { words: 'Off air', lamp: 'off' },
  connecting: { words: 'Connecting', lamp: 'busy' },
  connected: { words: 'Starting', lamp: 'busy' },
  live: { words: 'LIVE', lamp: 'live' },
  reconnecting: { words: 'Reconnecting', lamp: 'busy' },
  ended: { words: 'Off air', lamp: 'off' },
};

const form = new StudioForm();
const source = new StudioSource(form);
const notices = new NoticeBoard(byId('notices', HTMLElement));
const go = byId('go', HTMLButtonElement);
const lamp = byId('lamp', HTMLElement);
const elapsed = byId('elapsed', HTMLElement);
const figures = byId('figures', HTMLElement);
const share = byId('share', HTMLElement);
const chat = new StudioChat(byId('chat', HTMLElement));
const status = byId('status', HTMLElement);

let publisher: Publisher | undefined;
let urls: LiveStreamUrls | undefined;
let liveSinceMs: number | undefined;

async function openSource(): Promise<boolean> {
  notices.clear('source');
  try {
    await source.open();
    return true;
  } catch (error) {
    fail('source', error);
    return false;
  }
}

/** @param resume token of the broadcast to go on with; without it a new one begins */
async function goLive(resume?: string): Promise<void> {
  notices.clearAll();
  if (!form.validate()) return;
  go.disabled = true;
  form.locked = true;
  const capture = source.capture ?? ((await openSource()) ? source.capture : undefined);
  if (capture === undefined) {
    showState('idle');
    return;
  }
  form.remember();
  const { stream, key, quality } = form;
  resume ??= await waitingToken(stream);
  const next = new Publisher({ url: serverBase, key, stream, media: capture, quality, ...(resume !== undefined && { resume }) });
  publisher = next;
  next.on('state', showState);
  next.on('resumable', (broadcast) => rememberBroadcast(stream, broadcast));
  void next.closed.then(() => forgetBroadcast(stream));
  next.on('urls', (known) => (urls = known));
  next.on('stats', showStats);
  next.on('warning', ({ code, message }) => notices.show(code, 'warning', { title: message }));
  next.on('recovered', ({ code }) => notices.clear(code));
  next.on('error', (error) => fail('broadcast', error));
  await next.start().catch((error: unknown) => fail('broadcast', error));
}

/** A broadcast that an earlier page of this tab left behind can be gone on with, for as long as the server waits. */
async function offerLeftBroadcast(): Promise<void> {
  const left = await findLeftBroadcast(form.stream);
  if (left === undefined || isOnAir()) return;
  const choose = (act: (left: LeftBroadcast) => Promise<void>) => (): void => {
    notices.clear('left');
    void act(left);
  };
  notices.show('left', 'info', {
    ...(left.state === 'waiting'
      ? { title: 'Your broadcast is waiting.', advice: 'Viewers see a standstill until you go on. Left alone, it ends by itself soon.' }
      : { title: 'Your broadcast is on air.', advice: 'Another page seems to be sending it. Going on here takes it over.' }),
    actions: [
      { label: 'Go on', run: choose(() => goLive(left.resumeToken)) },
      { label: 'End it', run: choose(endLeft) },
    ],
  });
}

/** Who presses “Go live” while a broadcast of theirs waits wants to go on with it: its name is taken by nobody else. */
async function waitingToken(stream: string): Promise<string | undefined> {
  const left = await findLeftBroadcast(stream);
  return left?.state === 'waiting' ? left.resumeToken : undefined;
}

async function endLeft(left: LeftBroadcast): Promise<void> {
  go.disabled = true;
  status.textContent = 'Ending…';
  await endLeftBroadcast(left, form.key);
  showState('ended');
}

async function end(): Promise<void> {
  go.disabled = true;
  go.textContent = 'Ending…';
  await publisher?.end();
}

function fail(code: string, error: unknown): void {
  const reason = error instanceof OnairError ? error.reason : 'internal';
  if (reason === 'unauthorized') form.keyIsWrong();
  if (reason === 'already-live') form.nameIsTaken();
  notices.show(code, 'error', { title: failureTitles[reason], advice: error instanceof Error ? error.message : String(error) });
}

function showState(state: PublisherState): void {
  const onAir = state === 'connected' || state === 'live' || state === 'reconnecting';
  lamp.textContent = lamps[state].words;
  lamp.dataset.state = lamps[state].lamp;
  status.textContent = state === 'live' ? 'You are live.' : lamps[state].words;
  document.title = `${state === 'live' ? '● LIVE' : 'Studio'} · Onair`;

  form.locked = onAir || state === 'connecting';
  go.disabled = false;
  go.textContent = onAir || state === 'connecting' ? 'End broadcast' : 'Go live';
  go.classList.toggle('button--live', !onAir && state !== 'connecting');

  if (state === 'reconnecting') {
    notices.show('reconnecting', 'warning', {
      title: 'The connection was lost.',
      advice: 'It is being tried again by itself, and what is recorded meanwhile is kept. Leave this page open.',
    });
  } else {
    notices.clear('reconnecting');
  }
  if (state === 'live') {
    liveSinceMs ??= Date.now();
    chat.open(form.stream, form.key);
    if (urls !== undefined && share.hidden) byId('share-links', HTMLElement).replaceChildren(shareLinks(urls));
  }
  if (!onAir) {
    liveSinceMs = undefined;
    chat.close();
  }
  share.hidden = figures.hidden = elapsed.hidden = liveSinceMs === undefined;
  showElapsed();
}

function showStats({ upstreamBitsPerSecond, viewers, bufferedBytes }: PublisherStats): void {
  byId('upstream', HTMLElement).textContent = bitRate(upstreamBitsPerSecond);
  byId('viewers', HTMLElement).textContent = String(viewers);
  byId('buffered', HTMLElement).textContent = byteSize(bufferedBytes);
}

function showElapsed(): void {
  if (liveSinceMs !== undefined) byId('elapsed-time', HTMLElement).textContent = clockTime((Date.now() - liveSinceMs) / 1000);
}

function isOnAir(): boolean {
  return publisher !== undefined && publisher.state !== 'idle' && publisher.state !== 'ended';
}

async function prepare(): Promise<void> {
  const screen = form.form.querySelector<HTMLInputElement>('input[value=screen]');
  if (screen !== null && !canShareScreen()) {
    screen.disabled = true;
    screen.parentElement?.setAttribute('title', 'This browser cannot share its screen');
  }
  try {
    assertCanCapture();
  } catch (error) {
    fail('source', error);
    source.openButton.disabled = true;
    return;
  }
  void offerLeftBroadcast();
  navigator.mediaDevices.addEventListener('devicechange', () => void source.listDevices());
  await source.listDevices();
  // Who has said yes before is not asked again.
  if (await devicesAreKnown()) await openSource();
}

source.openButton.addEventListener('click', () => void openSource());
form.form.addEventListener('submit', (event) => {
  event.preventDefault();
  void (isOnAir() ? end() : goLive());
});
form.form.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLElement) || isOnAir() || target.closest('#stream, #key') !== null) return;
  const wasOpen = source.capture !== undefined;
  source.close();
  // A screen is chosen only at the user's own click.
  if (wasOpen && form.source !== 'screen') void openSource();
});
addEventListener('beforeunload', (event) => {
  if (isOnAir()) event.preventDefault();
});
setInterval(showElapsed, 1000);
new StudioAddresses(form);
void prepare();
