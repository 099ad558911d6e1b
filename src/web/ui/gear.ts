import type { RenditionOffer } from '../../protocol/viewer-messages.js';
import { browserPage } from '../sdk/browser-page.js';
import type { Player } from '../sdk/player.js';
import type { PlayerMode } from '../sdk/playback/path-choice.js';
import { barButton } from './bar-button.js';
import { element } from './element.js';
import { QualityChoice, qualityName } from './quality-choice.js';
import { recall, remember } from './remembered.js';

const modeItem = 'onair.mode';
const noteForMs = 12_000;
const gapPx = 8;
/** A wheel with eight teeth. */
const icon =
  'M10.4 5.2L10.5 2.5L13.5 2.5L13.6 5.2L15.7 6.1L17.6 4.2L19.8 6.4L17.9 8.3L18.8 10.4L21.5 10.5L21.5 13.5L18.8 13.6L17.9 15.7L19.8 17.6L17.6 19.8L15.7 17.9L13.6 18.8L13.5 21.5L10.5 21.5L10.4 18.8L8.3 17.9L6.4 19.8L4.2 17.6L6.1 15.7L5.2 13.6L2.5 13.5L2.5 10.5L5.2 10.4L6.1 8.3L4.2 6.4L6.4 4.2L8.3 6.1ZM12 8.4a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2Z';

const modes: readonly { readonly mode: PlayerMode; readonly words: string; readonly hint: string }[] = [
  { mode: 'lowest-delay', words: 'Closest to live', hint: 'The least delay that your line allows' },
  { mode: 'smooth', words: 'Steadier', hint: 'A few seconds later, with fewer stops on a weak line' },
];

/** How close to live a viewer wished to be the last time. */
export const rememberedMode = (): PlayerMode => (recall(modeItem) === 'smooth' ? 'smooth' : 'lowest-delay');

export interface Gear {
  /** For the bar of controls; hidden where nothing can be chosen. */
  readonly button: HTMLElement;
  /** For the page, beside the picture. */
  readonly dialog: HTMLDialogElement;
  /** Over the picture: a choice that could not be kept. */
  readonly note: HTMLElement;
  /** This one from now on. @param what a recording has no delay to choose */
  follow(player: Player, what: 'live' | 'recording'): void;
}

/** What a viewer may choose: the quality, where there are several and not the browser chooses, and how close to live. */
export function gear(video: HTMLVideoElement): Gear {
  const button = barButton('Settings', icon);
  button.setAttribute('aria-haspopup', 'dialog');
  button.setAttribute('aria-expanded', 'false');
  button.hidden = true;
  const qualities = element('fieldset', { class: 'gear-choices', hidden: true });
  const delays = element('fieldset', { class: 'gear-choices', hidden: true });
  const dialog = element('dialog', { class: 'gear', 'aria-label': 'Settings of the picture' }, element('div', { class: 'gear-groups' }, qualities, delays));
  const note = element('p', { class: 'picture-note', role: 'status' });
  const name = (offer: RenditionOffer): string => qualityName(offer, video);
  let stopFollowing = (): void => undefined;
  let show = (): void => undefined;
  // Names go by the shape of the picture, which is known only now.
  video.addEventListener('resize', () => show());

  button.addEventListener('click', () => {
    dialog.showModal();
    button.setAttribute('aria-expanded', 'true');
    place(dialog, button);
    dialog.querySelector<HTMLInputElement>('input:checked')?.focus();
  });
  dialog.addEventListener('close', () => button.setAttribute('aria-expanded', 'false'));
  // The picture and the page have keys of their own.
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  dialog.addEventListener('click', (event) => {
    // Keys go on from one choice to the next; a finger has chosen. Not before the choice is told.
    const isChoice = event.detail > 0 && event.target instanceof Element && event.target.closest('.gear-choice') !== null;
    if (event.target === dialog || isChoice) setTimeout(() => dialog.close());
  });

  function follow(player: Player, what: 'live' | 'recording'): void {
    stopFollowing();
    let offers: readonly RenditionOffer[] = [];
    let current: string | undefined;
    let broadcast: string | undefined;
    let auto = radio({ group: 'quality', words: 'Auto', isChosen: () => undefined });
    let named = new Map<string | undefined, Radio>();
    const choice = new QualityChoice({
      ...{ player, nameOf: name, page: browserPage },
      onGivenUp: (lost) => {
        note.textContent = `${lost} is not offered here any more: the quality now follows your line.`;
        browserPage.after(noteForMs, () => (note.textContent = ''));
        show();
      },
    });
    show = () => {
      const names = [...new Set(offers.map(name))];
      qualities.hidden = names.length < 2;
      button.hidden = what === 'recording' && qualities.hidden;
      // Drawn anew only where there are others: the focus may be on one.
      if (names.join() !== [...named.keys()].join()) {
        const choose = (each?: string) => (): void => {
          choice.choose(each, offers);
          show();
        };
        auto = radio({ group: 'quality', words: 'Auto', isChosen: choose() });
        named = new Map(names.map((each) => [each, radio({ group: 'quality', words: each, isChosen: choose(each) })]));
        qualities.replaceChildren(element('legend', {}, 'Quality'), ...[auto, ...named.values()].map(({ row }) => row));
      }
      const now = offers.find(({ id }) => id === current);
      const words = choice.wish === undefined && now !== undefined ? `Auto (${name(now)})` : 'Auto';
      if (auto.words.textContent !== words) auto.words.textContent = words;
      const chosen = named.get(choice.wish) ?? auto;
      for (const each of [auto, ...named.values()]) each.input.checked = each === chosen;
    };
    const offer = (now: readonly RenditionOffer[]): void => {
      offers = now;
      choice.offered(offers);
      show();
    };
    const stopRendition = player.on('rendition', (state) => {
      ({ current } = state);
      // None are known while a path begins.
      offer(state.renditions.length > 0 ? state.renditions : offers);
    });
    // A browser that plays HLS by itself chooses by itself, and another broadcast has others.
    const stopPath = player.on('path', ({ path }) => path === 'native' && offer([]));
    const stopInfo = player.on('info', (info) => {
      if (info !== undefined && broadcast !== undefined && info.broadcast !== broadcast) offer([]);
      broadcast = info?.broadcast ?? broadcast;
    });
    stopFollowing = () => {
      for (const stop of [stopRendition, stopPath, stopInfo]) stop();
      choice.close();
    };
    delays.hidden = what === 'recording';
    delays.replaceChildren(element('legend', {}, 'Delay'));
    for (const { mode, ...more } of modes) {
      const isChosen = (): void => {
        player.mode = mode;
        remember(modeItem, mode);
      };
      const { row, input } = radio({ group: 'delay', ...more, isChosen });
      delays.append(row);
      input.checked = mode === player.mode;
    }
    offer(player.renditions);
  }
  return { button, dialog, note, follow };
}

interface Radio {
  readonly row: HTMLElement;
  readonly input: HTMLInputElement;
  readonly words: HTMLElement;
}

function radio({ group, words: said, hint, isChosen }: { readonly group: string; readonly words: string; readonly hint?: string; readonly isChosen: () => void }): Radio {
  const input = element('input', { type: 'radio', name: group });
  input.addEventListener('change', isChosen);
  const words = element('span', { class: 'gear-words' }, said);
  const row = element('label', { class: 'gear-choice' }, input, element('span', {}, words, ...(hint === undefined ? [] : [element('span', { class: 'gear-hint' }, hint)])));
  return { row, input, words };
}

/** Above its button, and within the window whatever is scrolled; on a phone style puts it at the lower edge. */
function place(dialog: HTMLElement, button: HTMLElement): void {
  const { right, top } = button.getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const bottom = Math.min(innerHeight - top + gapPx, innerHeight - dialog.offsetHeight - gapPx);
  dialog.style.setProperty('--gear-bottom', `${Math.max(gapPx, bottom).toFixed(0)}px`);
  dialog.style.setProperty('--gear-right', `${Math.max(gapPx, innerWidth - right).toFixed(0)}px`);
}
