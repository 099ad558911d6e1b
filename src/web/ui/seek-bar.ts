import type { Player } from '../sdk/player.js';
import type { PlayerPlace } from '../sdk/playback/playback.js';
import { clockTime, spokenTime } from './amounts.js';
import { element } from './element.js';
import { seekPreview } from './seek-preview.js';

export interface SeekBar {
  readonly element: HTMLElement;
  /** Shows where this player is, and takes it elsewhere. */
  follow(player: Player): void;
  /** Takes what its keys are, wherever in the player the focus is. */
  onKey(event: KeyboardEvent): void;
  /** Goes so many seconds on, or back where they are negative. */
  step(seconds: number): void;
}

const smallStepSeconds = 5;
const stepSeconds = 10;
const pageSeconds = 60;

/**
 * The bar by which one goes to another place: in a recording, or in what was live before; hidden where there is no other place.
 * @param hls address of the playlist that leads to the keyframe playlist of the pictures in it
 */
export function seekBar({ hls, recorded }: { readonly hls: string; readonly recorded: boolean }): SeekBar {
  const played = element('div', { class: 'seek-played' });
  const knob = element('div', { class: 'seek-knob' });
  const track = element('div', { class: 'seek-track', role: 'slider', tabindex: '0', 'aria-label': 'Position' }, element('div', { class: 'seek-line' }, played), knob);
  const time = element('span', { class: 'seek-time numbers' });
  const toLive = element('button', { class: 'seek-live', type: 'button', hidden: true }, 'Back to live');
  const preview = seekPreview(hls);
  const bar = element('div', { class: 'seek', hidden: true }, preview.element, track, time, ...(recorded ? [] : [toLive]));
  let player: Player | undefined;
  let place: PlayerPlace | undefined;
  let isLive = false;
  let draggedTo: number | undefined;

  const lengthOf = ({ startSeconds, endSeconds }: PlayerPlace): number => Math.max(0.001, endSeconds - startSeconds);
  const behind = (seconds: number, { endSeconds }: PlayerPlace): string => `−${clockTime(endSeconds - seconds)}`;

  function show(): void {
    bar.hidden = place === undefined;
    if (place === undefined) return preview.hide();
    const seconds = draggedTo ?? (isLive ? place.endSeconds : place.positionSeconds);
    const share = Math.min(1, Math.max(0, (seconds - place.startSeconds) / lengthOf(place)));
    played.style.width = knob.style.left = `${(share * 100).toFixed(3)}%`;
    toLive.hidden = isLive;
    time.textContent = recorded ? `${clockTime(seconds)} / ${clockTime(place.endSeconds)}` : isLive && draggedTo === undefined ? '' : behind(seconds, place);
    track.setAttribute('aria-valuemin', '0');
    track.setAttribute('aria-valuemax', String(Math.round(lengthOf(place))));
    track.setAttribute('aria-valuenow', String(Math.round(seconds - place.startSeconds)));
    const said = recorded ? `${spokenTime(seconds)} of ${spokenTime(place.endSeconds)}` : isLive ? 'live' : `${spokenTime(place.endSeconds - seconds)} behind live`;
    track.setAttribute('aria-valuetext', said);
  }

  function secondsAt(event: PointerEvent): number | undefined {
    const { left, width } = track.getBoundingClientRect();
    if (place === undefined || width === 0) return undefined;
    return place.startSeconds + Math.min(1, Math.max(0, (event.clientX - left) / width)) * lengthOf(place);
  }

  function showPreview(event: PointerEvent): void {
    const seconds = secondsAt(event);
    if (place === undefined || seconds === undefined) return;
    const words = recorded ? clockTime(seconds) : `${behind(seconds, place)} · ${new Date(seconds * 1000).toLocaleTimeString()}`;
    preview.show({ seconds, words, share: (seconds - place.startSeconds) / lengthOf(place) });
  }

  const step = (seconds: number): void => {
    // From where it stands: at the edge that is a little before now.
    if (place !== undefined) player?.seek((player.place ?? place).positionSeconds + seconds);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => step(-smallStepSeconds),
    ArrowRight: () => step(smallStepSeconds),
    j: () => step(-stepSeconds),
    l: () => step(stepSeconds),
    PageDown: () => step(-pageSeconds),
    PageUp: () => step(pageSeconds),
    Home: () => place && player?.seek(place.startSeconds),
    End: () => (recorded ? place && player?.seek(place.endSeconds) : player?.goLive()),
  };
  function onKey(event: KeyboardEvent): void {
    const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const at = event.composedPath()[0];
    // Sound has a range of its own, which these keys move too.
    const isOther = at instanceof HTMLInputElement || (at !== track && event.key.startsWith('Page'));
    if (run === undefined || place === undefined || isOther || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  track.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    track.setPointerCapture(event.pointerId);
    draggedTo = secondsAt(event);
    show();
    showPreview(event);
  });
  track.addEventListener('pointermove', (event) => {
    if (draggedTo !== undefined) draggedTo = secondsAt(event);
    show();
    showPreview(event);
  });
  track.addEventListener('pointerup', (event) => {
    const seconds = draggedTo;
    draggedTo = undefined;
    if (seconds !== undefined) player?.seek(seconds);
    if (event.pointerType !== 'mouse') preview.hide();
    show();
  });
  track.addEventListener('pointercancel', () => {
    draggedTo = undefined;
    show();
  });
  track.addEventListener('pointerleave', () => draggedTo === undefined && preview.hide());
  toLive.addEventListener('click', () => {
    player?.goLive();
    track.focus();
  });

  return {
    element: bar,
    step,
    onKey,
    follow(followed) {
      player = followed;
      followed.on('place', (told) => {
        place = told;
        isLive = told?.atLive ?? false;
        show();
      });
    },
  };
}
