import type { BroadcastState } from '../../protocol/live-stream-info.js';
import { recordingAddresses, streamAddresses } from '../sdk/playback/addresses.js';
import { rewindPlaylist } from '../sdk/playback/rewind-playlist.js';
import type { Player } from '../sdk/player.js';
import type { PlayerState } from '../sdk/player-events.js';
import { element } from './element.js';
import { gear } from './gear.js';
import { mediaControls } from './media-controls.js';
import { seekBar } from './seek-bar.js';

interface Curtain {
  readonly title: string;
  readonly text: string;
}

/** What stands where the picture would be. The other states keep the picture free. */
const curtains: Record<Exclude<PlayerState, 'playing' | 'stalled' | 'paused'>, Curtain> = {
  connecting: { title: 'Connecting…', text: 'The picture comes in a moment.' },
  waiting: { title: 'Not live yet', text: 'Leave this page open: the picture starts by itself when the broadcast begins.' },
  ended: { title: 'The broadcast has ended', text: 'Thanks for watching. If it goes on, the picture starts by itself.' },
  failed: { title: "This can't be played right now", text: '' },
};

/** While the server does not say `live`: what still plays then is the rest of what was. */
const lampWords: Record<PlayerState, string> = {
  connecting: 'Connecting',
  waiting: 'Waiting',
  playing: 'Ended',
  stalled: 'Ended',
  paused: 'Paused',
  ended: 'Ended',
  failed: 'Problem',
};

export interface PlayerStage {
  readonly frame: HTMLElement;
  readonly video: HTMLVideoElement;
  /** Lies something over the picture that is in full screen too, below what can be pressed. */
  overlay(layer: HTMLElement): void;
  /** Shows a button where the picture will be, while there is none. */
  offerWhileWaiting(button: HTMLButtonElement): void;
  /** Shows a link where the picture was, when it is over; undefined takes it away. */
  offerAfterwards(href: string | undefined): void;
  /** As if that control had been pressed. */
  press(control: 'play' | 'mute' | 'fullscreen'): void;
  /** Goes so many seconds on or, where they are negative, back. */
  step(seconds: number): void;
  /** Shows what the player says from now on. */
  follow(player: Player): void;
}

/**
 * The picture with its controls, the lamp, the waiting room and the unmute button.
 * @param what a recording has another end, and no lamp
 * @param keys whose the keys of the controls are: theirs, while the focus is on them, or the whole page's, which presses them
 */
export function playerStage(keys: 'controls' | 'page' = 'controls', what: 'live' | 'recording' = 'live'): PlayerStage {
  const recorded = what === 'recording';
  const video = element('video', { playsinline: true });
  const lamp = element('span', { class: 'lamp player-lamp', hidden: recorded }, lampWords.connecting);
  const title = element('p', { class: 'curtain-title' }, curtains.connecting.title);
  const text = element('p', { class: 'curtain-text' }, curtains.connecting.text);
  const pulse = element('span', { class: 'curtain-pulse', 'aria-hidden': 'true' });
  const afterwards = element('a', { class: 'button button--primary curtain-afterwards', hidden: true }, 'Watch the recording');
  const curtain = element('div', { class: 'curtain' }, element('div', { class: 'curtain-words', role: 'status' }, pulse, title, text), afterwards);
  const soundAlone = element('p', { class: 'sound-alone', hidden: true }, 'Sound only');
  const stalled = element('p', { class: 'stalled-note', role: 'status' });
  const unmute = element('button', { class: 'button button--primary button--large unmute', type: 'button', hidden: true }, 'Unmute');
  const settings = gear(video);
  const controls = mediaControls(video, keys, [settings.button]);
  const seek = seekBar({ hls: recordingAddresses(location.href)?.hls ?? rewindPlaylist(streamAddresses(location.href, undefined)), recorded });
  controls.querySelector('media-control-bar')?.before(seek.element);
  const stage = element('div', { class: 'stage player-stage' }, soundAlone, controls, curtain, lamp, stalled, settings.note, unmute);
  const frame = element('div', { class: 'player-frame' }, stage, settings.dialog);
  frame.addEventListener('keydown', (event) => seek.onKey(event));
  // All that lies over the picture goes with it. Not by its id: that is looked for before it is on the page.
  controls.fullscreenElement = frame;

  unmute.addEventListener('click', () => {
    video.muted = false;
    if (video.volume === 0) video.volume = 1;
    void video.play().catch(() => undefined);
    // The button goes away under the focus: it goes on to the picture's controls.
    stage.querySelector<HTMLElement>('media-mute-button')?.focus();
  });

  function follow(player: Player): void {
    let onAir: BroadcastState | undefined;
    let blocked = false;
    let isBack = false;
    let warning = '';
    seek.follow(player);
    settings.follow(player, what);
    const showLamp = (): void => {
      // Never by the player's own guess: only what the server said lights it.
      const lit = onAir === 'live' && !isBack && !['ended', 'waiting', 'paused'].includes(player.state);
      lamp.dataset.state = lit ? 'live' : player.state === 'connecting' || player.state === 'waiting' ? 'busy' : 'off';
      lamp.textContent = lit ? 'LIVE' : isBack && player.state !== 'paused' ? 'Earlier' : onAir === 'waiting' ? 'On hold' : lampWords[player.state];
    };
    let postered: string | undefined;
    const showPoster = (broadcast: string): void => {
      if (postered === broadcast || video.readyState > 0) return;
      postered = broadcast;
      const picture = new Image();
      picture.addEventListener('load', () => {
        video.poster = picture.src;
        stage.dataset.poster = '';
      });
      picture.src = new URL('poster.jpg', streamAddresses(location.href, undefined).hls).href;
    };
    const showUnmute = (): void => {
      const picture = player.state === 'playing' || player.state === 'stalled';
      unmute.hidden = !(blocked || (picture && video.muted));
      unmute.textContent = blocked ? 'Play' : 'Unmute';
      // Below the words that ask for it, not over them.
      const place = blocked ? curtain : stage;
      if (unmute.parentElement !== place) place.append(unmute);
    };
    video.addEventListener('volumechange', showUnmute);
    player.on('autoplay', (what) => {
      blocked = what === 'blocked';
      if (blocked) {
        title.textContent = 'Ready to play';
        text.textContent = 'This browser starts videos only when you ask it to.';
      }
      showUnmute();
    });
    player.on('info', (info) => {
      onAir = info?.state;
      showLamp();
      if (onAir === 'live' && info?.rendition?.width !== undefined) showPoster(info.broadcast);
    });
    player.on('place', (place) => {
      if (isBack === (place !== undefined && !place.atLive)) return;
      isBack = !isBack;
      showLamp();
    });
    player.on('rendition', ({ renditions, current }) => {
      // The last picture would stand there as if it had got stuck.
      const played = renditions.find(({ id }) => id === current);
      soundAlone.hidden = played === undefined || played.height !== undefined;
    });
    player.on('warning', ({ message }) => (warning = message));
    player.on('recovered', () => {
      warning = '';
      if (player.state === 'playing') stalled.textContent = '';
    });
    player.on('state', ({ state: told, message, notice }) => {
      // What was played to its end can be gone back in.
      const state = recorded && told === 'ended' ? 'paused' : told;
      const picture = state === 'playing' || state === 'stalled' || state === 'paused';
      // Only what is about to begin can be pressed to play; where it is refused again, that is told again.
      if (state !== 'connecting') blocked = false;
      curtain.hidden = picture;
      curtain.dataset.state = state;
      // Who had gone back waits for the next one, once the server no longer has what they watched.
      curtain.dataset.over = String(state === 'ended' || (state === 'waiting' && (onAir === undefined || onAir === 'ended')));
      stage.dataset.state = state;
      if (!picture) {
        title.textContent = curtains[state].title;
        text.textContent = message ?? curtains[state].text;
      }
      // Why the network is waited for, where that is known.
      const why = notice?.code === 'network-slow' && warning !== '' ? warning : (message ?? '');
      stalled.textContent = state === 'stalled' ? why : state === 'playing' ? warning : '';
      showLamp();
      showUnmute();
    });
  }
  return {
    ...{ frame, video, follow },
    overlay: (layer) => curtain.before(layer),
    offerWhileWaiting: (button) => {
      button.classList.add('curtain-offer');
      curtain.append(button);
    },
    offerAfterwards: (href) => {
      afterwards.hidden = href === undefined;
      if (href !== undefined) afterwards.href = href;
    },
    step: (seconds) => seek.step(seconds),
    press: (control) => stage.querySelector<HTMLElement>(`media-${control}-button`)?.click(),
  };
}
