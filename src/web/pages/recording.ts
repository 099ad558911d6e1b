import { recordingUrls, type RecordingInfo } from '../../protocol/recording-info.js';
import { recordingAddresses } from '../sdk/playback/addresses.js';
import { Player } from '../sdk/player.js';
import { byteSize, clockTime } from '../ui/amounts.js';
import { clipEditor } from '../ui/clip-editor.js';
import { danmaku } from '../ui/danmaku.js';
import { byId } from '../ui/element.js';
import { dayAndTime } from '../ui/live-words.js';
import { downloadWhenMade } from '../ui/made-download.js';
import { manageRecording } from '../ui/manage-recording.js';
import { notice } from '../ui/notice.js';
import { pageKeys } from '../ui/page-keys.js';
import { playerStage } from '../ui/player-stage.js';
import { recordedChat } from '../ui/recorded-chat.js';
import { rememberSound } from '../ui/remembered-sound.js';
import { placeIn } from '../ui/same-place.js';
import { serverBase } from '../ui/server-base.js';
import { shareDialog } from '../ui/share-dialog.js';
import { statsPanel } from '../ui/stats-panel.js';
import { playerQuery } from './player-query.js';

/** So often it is asked how far a recording has grown, and whether the server can be reached again. */
const askAgainMs = 5000;
/** So often whether it is still there: what the player has in hand may last for minutes after it was deleted. */
const lookAgainMs = 10_000;

const { recording: id = '', token } = recordingAddresses(location.href) ?? {};
const urls = recordingUrls(serverBase, id, token);
const api = `${serverBase}/api/recordings/${id}`;
const problem = byId('problem', HTMLElement);
const heading = byId('title', HTMLElement);
let info: RecordingInfo | undefined;
let isGone = false;
let isPlaying = false;
let cancelAsking: ReturnType<typeof setTimeout> | undefined;
// What the server wrote into the page: all that is told of a private one to who has a link to it.
heading.textContent = document.querySelector<HTMLMetaElement>('meta[property="og:title"]')?.content ?? 'Recording';

const stage = playerStage('page', 'recording');
const stats = statsPanel('stats');
stage.frame.append(stats.element);
stage.video.poster = urls.poster;
rememberSound(stage.video);
byId('player', HTMLElement).append(stage.frame);
const player = new Player({ url: location.href, video: stage.video, ...playerQuery(location.search) });
stage.follow(player);
player.on('path', (choice) => stats.showPath(choice));
player.on('rendition', (state) => stats.showRenditions(state));
player.on('stats', (numbers) => stats.showStats(numbers));

let firstSeconds = placeIn(location.hash);
player.on('place', (place) => {
  if (place === undefined || firstSeconds === undefined) return;
  player.seek(firstSeconds);
  firstSeconds = undefined;
});

function show(told: RecordingInfo): void {
  info = told;
  const { title = told.stream, description = '', stream, startedAt, durationSeconds, byteLength, state } = told;
  heading.textContent = title;
  document.title = `${title} · Onair`;
  byId('description', HTMLElement).textContent = description;
  const link = byId('stream', HTMLAnchorElement);
  link.textContent = stream;
  link.href = `${serverBase}/recordings?stream=${encodeURIComponent(stream)}`;
  const date = byId('date', HTMLTimeElement);
  date.dateTime = startedAt;
  date.textContent = dayAndTime(startedAt);
  const facts = { length: clockTime(durationSeconds), size: byteSize(byteLength), state: state === 'complete' ? '' : state === 'recording' ? 'Being recorded' : 'Broken off' };
  for (const [name, words] of Object.entries(facts)) {
    byId(name, HTMLElement).textContent = words;
    byId(name, HTMLElement).hidden = words === '';
  }
  link.hidden = false;
  byId('download-button', HTMLButtonElement).disabled = state === 'recording';
  clip.setLength(durationSeconds);
}

/** A page that nobody looks at asks when it is looked at again. */
function askLater(afterMs: number): void {
  clearTimeout(cancelAsking);
  cancelAsking = setTimeout(() => !document.hidden && void ask(), afterMs * (0.8 + 0.4 * Math.random()));
}

async function ask(): Promise<void> {
  if (isGone) return;
  let againMs = lookAgainMs;
  try {
    const response = await fetch(api, { cache: 'no-store' });
    problem.replaceChildren();
    if (response.ok) show((await response.json()) as RecordingInfo);
    // A private one is told by its link alone, which plays it.
    else if (response.status === 404) return showGone();
    if (info?.state === 'recording') againMs = askAgainMs;
  } catch {
    againMs = askAgainMs;
    // What is in hand plays on without it.
    if (!isPlaying && !problem.hasChildNodes()) problem.append(notice('warning', { title: "Can't reach the server", advice: 'Trying again by itself.' }));
  }
  askLater(againMs);
}

/** Nothing of it is played or can be asked for any more, whatever the player would still try. */
function showGone(): void {
  isGone = true;
  clearTimeout(cancelAsking);
  player.close();
  stage.frame.remove();
  for (const name of ['choices', 'making', 'clip', 'chat']) byId(name, HTMLElement).hidden = true;
  const advice = 'It was deleted, or the time for which it was kept is over.';
  problem.replaceChildren(notice('warning', { title: 'This recording is gone', advice, actions: [{ label: 'Other recordings', run: () => location.assign(`${serverBase}/recordings`) }] }));
}

// What does not go on may have been deleted meanwhile.
player.on('state', ({ state }) => {
  isPlaying = state === 'playing';
  if (state === 'stalled' || state === 'failed' || state === 'waiting') void ask();
});

document.addEventListener('visibilitychange', () => !document.hidden && void ask());

const making = byId('making', HTMLElement);
let stopWaiting = (): void => undefined;
const download = (url: string): void => {
  stopWaiting();
  stopWaiting = downloadWhenMade(url, making);
};
byId('download-button', HTMLButtonElement).addEventListener('click', () => download(urls.download));

const clipSection = byId('clip', HTMLElement);
const clip = clipEditor({
  section: clipSection,
  position: () => player.place?.positionSeconds,
  seek: (seconds) => player.seek(seconds),
  download: (from, to) => download(`${urls.download}?from=${from.toFixed(1)}&to=${to.toFixed(1)}`),
});
player.on('place', (place) => info === undefined && place !== undefined && clip.setLength(place.endSeconds));

for (const [name, opened] of [['clip', clipSection], ['stats', stats.element]] as const) {
  const button = byId(`${name}-button`, HTMLButtonElement);
  button.addEventListener('click', () => {
    opened.hidden = !opened.hidden;
    button.setAttribute('aria-expanded', String(!opened.hidden));
  });
}

const comments = danmaku();
stage.overlay(comments.element);
const [chatButton, danmakuButton] = [byId('chat-button', HTMLButtonElement), byId('danmaku-button', HTMLButtonElement)];
void recordedChat({ url: urls.chat, player, section: byId('chat', HTMLElement), danmaku: comments, chatButton, danmakuButton });

const share = shareDialog(urls, () => heading.textContent);
byId('share-button', HTMLButtonElement).addEventListener('click', () => share.open());
const manage = manageRecording({
  ...{ api, current: () => info, onChanged: show },
  onDeleted: () => {
    player.close();
    location.replace(`${serverBase}/recordings`);
  },
});
byId('manage-button', HTMLButtonElement).addEventListener('click', () => manage.open());
const help = pageKeys([
  { key: 'k', label: 'Play or pause', run: () => stage.press('play') },
  { key: 'j', label: 'Back 10 seconds', run: () => stage.step(-10) },
  { key: 'l', label: 'On 10 seconds', run: () => stage.step(10) },
  { key: 'm', label: 'Sound on or off', run: () => stage.press('mute') },
  { key: 'f', label: 'Full screen', run: () => stage.press('fullscreen') },
]);
document.body.append(share.element, manage.element, help);

void ask();
player.play();
byId('not-loaded', HTMLElement).remove();
