import type { LiveStreamUrls } from '../../protocol/urls.js';
import { loadComposition, openComposition } from '../sdk/composition.js';
import { OnairError } from '../sdk/errors.js';
import { Publisher } from '../sdk/publisher.js';
import { LiveCapture } from '../sdk/publishing/live-capture.js';
import { assertCanCapture, canShareScreen } from '../sdk/support.js';
import { devicesAreKnown } from '../ui/device-picker.js';
import { byId } from '../ui/element.js';
import { failureTitles } from '../ui/failure-titles.js';
import { endLeftBroadcast, findLeftBroadcast, forgetBroadcast, rememberBroadcast, type LeftBroadcast } from '../ui/left-broadcast.js';
import { NoticeBoard } from '../ui/notice-board.js';
import { serverBase } from '../ui/server-base.js';
import { shareLinks } from '../ui/share-links.js';
import { StudioAddresses } from '../ui/studio-addresses.js';
import { StudioAir } from '../ui/studio-air.js';
import { StudioChat } from '../ui/studio-chat.js';
import { StudioCopy } from '../ui/studio-copy.js';
import { StudioForm } from '../ui/studio-form.js';
import { StudioLookForm } from '../ui/studio-look-form.js';
import { StudioRecord } from '../ui/studio-record.js';
import { StudioLine } from '../ui/studio-line.js';
import { mostRenditions, StudioQualities } from '../ui/studio-qualities.js';
import { StudioSession } from '../ui/studio-session.js';
import type { StudioState } from '../ui/studio-state.js';
import { StudioStage } from '../ui/studio-stage.js';
import { StudioUplinkTest } from '../ui/studio-uplink-test.js';

const form = new StudioForm();
const session = new StudioSession({
  wish: form.wish,
  capture: new LiveCapture(),
  openComposition,
  openPublisher: (options) => {
    const publisher = new Publisher({ ...options, url: serverBase });
    copy.follow(publisher, options.stream);
    return publisher;
  },
  nowMs: () => performance.now(),
});
const stage = new StudioStage(session);
const notices = new NoticeBoard(byId('notices', HTMLElement));
const copy = new StudioCopy(session, notices);
const line = new StudioLine();
const qualitiesSent = new StudioQualities(form, session);
const chat = new StudioChat(byId('chat', HTMLElement));
const share = byId('share', HTMLElement);
let urls: LiveStreamUrls | undefined;
let stream = '';

/** @param resume token of the broadcast to go on with; without it a new one begins, or the one that waits is gone on with */
async function goLive(resume?: string): Promise<void> {
  if (session.state.going) return;
  notices.clearAll();
  if (!form.validate()) return;
  form.remember();
  stream = form.stream;
  // The name is taken by nobody else than a broadcast of this tab that waits: who presses “Go live” then wants to go on with it.
  await session.goLive({ stream, key: form.key, resume, findResume: () => waitingToken(form.stream), description: form.description, renditions: form.severalQualities ? mostRenditions : 1 });
}

/** A broadcast that an earlier page of this tab left behind can be gone on with, for as long as the server waits. */
async function offerLeftBroadcast(): Promise<void> {
  const left = await findLeftBroadcast(form.stream);
  if (left === undefined || session.onAir) return;
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
      { label: 'End it', run: choose(() => endLeftBroadcast(left, form.key)) },
    ],
  });
}

async function waitingToken(name: string): Promise<string | undefined> {
  const left = await findLeftBroadcast(name);
  return left?.state === 'waiting' ? left.resumeToken : undefined;
}

function fail(code: string, { reason, message }: OnairError): void {
  if (reason === 'unauthorized') form.keyIsWrong();
  if (reason === 'already-live') form.nameIsTaken();
  notices.show(code, 'error', { title: failureTitles[reason], advice: message });
}

function show({ air, going, wish, opening }: StudioState): void {
  form.show(wish);
  form.locked = going || session.onAir;
  if (opening) notices.clear('source');
  if (air === 'reconnecting') {
    notices.show('reconnecting', 'warning', {
      title: 'The connection was lost.',
      advice: 'It is being tried again by itself, and what is recorded meanwhile is kept. Leave this page open.',
    });
  } else notices.clear('reconnecting');
  if (air === 'live') {
    chat.open(stream, form.key);
    if (urls !== undefined && share.hidden) byId('share-links', HTMLElement).replaceChildren(shareLinks(urls));
    share.hidden = line.hidden = false;
  }
  if (!session.onAir) {
    chat.close();
    share.hidden = line.hidden = true;
  }
}

/** The first sentence says what happened, the others what to do. */
function headed(message: string): { title: string; advice?: string } {
  const [, title, advice] = /^(.+?[.;:])\s+(.+)$/s.exec(message) ?? [];
  return title === undefined || advice === undefined ? { title: message } : { title: title.replace(/[;:]$/, '.'), advice: `${advice.charAt(0).toUpperCase()}${advice.slice(1)}` };
}

async function prepare(): Promise<void> {
  if (!canShareScreen()) form.forbidScreen();
  try {
    assertCanCapture();
  } catch (error) {
    if (error instanceof OnairError) fail('source', error);
    stage.disable();
    return;
  }
  void offerLeftBroadcast();
  void copy.offerLeft();
  navigator.mediaDevices.addEventListener('devicechange', () => void form.listDevices());
  await form.listDevices();
  // Who has said yes before is not asked again.
  if (await devicesAreKnown()) await session.openDevices();
}

session.on('changed', show);
session.on('failed', ({ of, error }) => fail(of, error));
session.on('warning', ({ code, message }) => {
  // What is over when it is told.
  const isNews = code === 'begun-anew' || code === 'composition-redrawn' || code === 'sharing-stopped';
  const actions = isNews ? [{ label: 'Understood', run: () => notices.clear(code) }] : [];
  notices.show(code, isNews ? 'info' : 'warning', { ...headed(message), actions });
});
session.on('recovered', ({ code }) => notices.clear(code));
session.on('stats', (stats) => line.show(stats, session.history));
session.on('stats', (stats) => qualitiesSent.show(stats, session.state.encoder));
session.on('urls', (known) => (urls = known));
session.on('resumable', (broadcast) => (broadcast === undefined ? forgetBroadcast(stream) : rememberBroadcast(stream, broadcast)));
// Names of devices are known only once one was opened.
session.on('opened', () => void form.listDevices());
// A pause should be there when it is pressed.
session.on('opened', () => void loadComposition().catch(() => undefined));
form.onWish((wish) => session.choose(wish));
form.onDescription((description) => session.describe(description));
form.form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (session.onAir || session.state.going) session.end();
  else void goLive();
});
form.form.addEventListener('keydown', (event) => {
  const { target, key } = event;
  if (key !== 'Enter' || !(target instanceof HTMLInputElement)) return;
  // Enter in a field says that it is written: it ends no broadcast, and a name tag begins none.
  if (!session.onAir && !session.state.going && target.closest('#look') === null) return;
  event.preventDefault();
  target.dispatchEvent(new Event('change', { bubbles: true }));
});
addEventListener('beforeunload', (event) => {
  if (session.onAir) event.preventDefault();
});
new StudioAir(session);
new StudioLookForm(session, () => form.description.title);
new StudioAddresses(form);
new StudioUplinkTest(form, session, qualitiesSent);
new StudioRecord(form);
void prepare();
byId('not-loaded', HTMLElement).remove();
