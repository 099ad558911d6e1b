import { liveStreamUrls } from '../../protocol/urls.js';
import { recordingUrls } from '../../protocol/recording-info.js';
import { streamAddresses } from '../sdk/playback/addresses.js';
import { Player } from '../sdk/player.js';
import { castButton } from '../ui/cast-button.js';
import { danmaku } from '../ui/danmaku.js';
import { byId } from '../ui/element.js';
import { rememberedMode } from '../ui/gear.js';
import { behindInWords } from '../ui/live-words.js';
import { pageKeys } from '../ui/page-keys.js';
import { playerStage } from '../ui/player-stage.js';
import { recall, remember } from '../ui/remembered.js';
import { rememberSound } from '../ui/remembered-sound.js';
import { pageAtPlace } from '../ui/same-place.js';
import { shareDialog } from '../ui/share-dialog.js';
import { showFacts } from '../ui/show-facts.js';
import { startAlarm } from '../ui/start-alarm.js';
import { statsPanel } from '../ui/stats-panel.js';
import { watchChat } from '../ui/watch-chat.js';
import { playerQuery } from './player-query.js';

const theatreItem = 'onair.theatre';

const { origin: base, stream, token } = streamAddresses(location.href, undefined);
const facts = showFacts(stream);
const stage = playerStage('page');
const stats = statsPanel('stats');
const alarm = startAlarm();
stage.frame.append(stats.element);
stage.offerWhileWaiting(alarm.button);
rememberSound(stage.video);
byId('player', HTMLElement).append(stage.frame);

const player = new Player({ url: location.href, video: stage.video, mode: rememberedMode(), ...playerQuery(location.search) });
stage.follow(player);

/** The page of what is recorded of it, and where somebody was who had gone back, by the clock. */
let recorded: { readonly page: string; readonly api: string } | undefined;
let backAtSeconds: number | undefined;
player.on('place', (place) => {
  if (place !== undefined) backAtSeconds = place.atLive ? undefined : place.positionSeconds;
});
player.on('state', ({ state }) => {
  if ((state !== 'ended' && state !== 'waiting') || recorded === undefined || backAtSeconds === undefined) return;
  void pageAtPlace(recorded.page, recorded.api, backAtSeconds).then((page) => stage.offerAfterwards(page));
});

function offer(id: string | undefined): void {
  const page = id === undefined ? undefined : recordingUrls(base, id, token).watch;
  // What was offered at somebody's place stays so.
  if (page === recorded?.page) return;
  recorded = page === undefined ? undefined : { page, api: `${base}/api/recordings/${String(id)}` };
  stage.offerAfterwards(page);
}

const behind = byId('behind', HTMLElement);
player.on('info', (info) => {
  stats.showInfo(info);
  facts.show(info);
  // Also when the server no longer tells of a stream that is over.
  if (info !== undefined) offer(info.recordedAs);
  if (info?.state === 'live') alarm.ring(facts.title);
});
player.on('path', (choice) => stats.showPath(choice));
player.on('rendition', (state) => stats.showRenditions(state));
player.on('stats', (numbers) => {
  stats.showStats(numbers);
  behind.hidden = numbers.latencySeconds === undefined || player.state !== 'playing';
  if (numbers.latencySeconds !== undefined) behind.textContent = behindInWords(numbers.latencySeconds);
});
player.on('state', ({ state }) => {
  if (state !== 'playing') behind.hidden = true;
});

const statsButton = byId('stats-button', HTMLButtonElement);
statsButton.addEventListener('click', () => {
  stats.element.hidden = !stats.element.hidden;
  statsButton.setAttribute('aria-expanded', String(!stats.element.hidden));
});

const theatreButton = byId('theatre-button', HTMLButtonElement);
const showTheatre = (on: boolean): void => {
  document.body.classList.toggle('theatre', on);
  theatreButton.setAttribute('aria-pressed', String(on));
};
theatreButton.addEventListener('click', () => {
  const on = !document.body.classList.contains('theatre');
  remember(theatreItem, on ? 'on' : 'off');
  showTheatre(on);
});
showTheatre(recall(theatreItem) === 'on');

const comments = danmaku();
stage.overlay(comments.element);
const chatButton = byId('chat-button', HTMLButtonElement);
watchChat({
  ...{ url: location.href, stream, danmaku: comments, chatButton },
  section: byId('chat', HTMLElement),
  danmakuButton: byId('danmaku-button', HTMLButtonElement),
});

const urls = liveStreamUrls(base, stream, token);
theatreButton.after(castButton(urls.hls, stage.video));
const share = shareDialog(urls, () => facts.title);
byId('share-button', HTMLButtonElement).addEventListener('click', () => share.open());
const help = pageKeys([
  { key: 'k', label: 'Play or pause', run: () => stage.press('play') },
  { key: 'j', label: 'Back 10 seconds, where this can be gone back', run: () => stage.step(-10) },
  { key: 'l', label: 'On 10 seconds', run: () => stage.step(10) },
  { key: 'm', label: 'Sound on or off', run: () => stage.press('mute') },
  { key: 'f', label: 'Full screen', run: () => stage.press('fullscreen') },
  { key: 't', label: 'Theatre', run: () => theatreButton.click() },
  { key: 'c', label: 'Chat', run: () => chatButton.click() },
]);
document.body.append(share.element, help);

player.play();
byId('not-loaded', HTMLElement).remove();
