import { liveStreamUrls } from '../../protocol/urls.js';
import { streamAddresses } from '../sdk/playback/addresses.js';
import type { PlayerMode } from '../sdk/playback/path-choice.js';
import { Player } from '../sdk/player.js';
import { copyField } from '../ui/copy-field.js';
import { danmaku } from '../ui/danmaku.js';
import { byId, element } from '../ui/element.js';
import { behindInWords, sinceInWords, viewersInWords } from '../ui/live-words.js';
import { playerStage } from '../ui/player-stage.js';
import { qrCode } from '../ui/qr-code.js';
import { recall, remember } from '../ui/remembered.js';
import { statsPanel } from '../ui/stats-panel.js';
import { watchChat } from '../ui/watch-chat.js';
import { playerQuery } from './player-query.js';

const modeKey = 'onair.mode';

const { origin: base, stream, token } = streamAddresses(location.href, undefined);
document.title = `${stream} · Onair`;
byId('stream-name', HTMLElement).textContent = stream;

const stage = playerStage();
const stats = statsPanel('stats');
stage.frame.append(stats.element);
byId('player', HTMLElement).append(stage.frame);

const player = new Player({ url: location.href, video: stage.video, mode: recall(modeKey) === 'smooth' ? 'smooth' : 'lowest-delay', ...playerQuery(location.search) });
stage.follow(player);

const viewers = byId('viewers', HTMLElement);
const since = byId('since', HTMLElement);
player.on('info', (info) => {
  stats.showInfo(info);
  const live = info?.state === 'live';
  viewers.hidden = since.hidden = !live;
  if (!live) return;
  viewers.textContent = viewersInWords(info.viewers);
  since.textContent = sinceInWords(info.startedAt, new Date());
});
player.on('path', (choice) => stats.showPath(choice));
const behind = byId('behind', HTMLElement);
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

for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="mode"]')) {
  radio.checked = radio.value === player.mode;
  radio.addEventListener('change', () => {
    player.mode = radio.value as PlayerMode;
    remember(modeKey, player.mode);
  });
}

const comments = danmaku();
stage.overlay(comments.element);
watchChat({
  ...{ url: location.href, stream, danmaku: comments },
  section: byId('chat', HTMLElement),
  chatButton: byId('chat-button', HTMLButtonElement),
  danmakuButton: byId('danmaku-button', HTMLButtonElement),
});

const urls = liveStreamUrls(base, stream, token);
byId('links', HTMLElement).append(
  copyField('HLS link, for VLC and other players', urls.hls),
  copyField('To put the player on a page', `<iframe src="${urls.embed}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture"></iframe>`),
);
byId('phone', HTMLElement).prepend(qrCode(urls.watch, `QR code of ${urls.watch}`));
if (['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)) {
  byId('phone-hint', HTMLElement).append(
    element('span', { class: 'hint' }, ' This page was opened as localhost: a phone needs the name or address of this computer instead.'),
  );
}

player.play();
