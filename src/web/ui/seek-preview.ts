import { element } from './element.js';
import type { SeekPictures } from './seek-pictures.js';

export interface SeekPreview {
  readonly element: HTMLElement;
  /** @param at `share` of the bar's width, from its left */
  show(at: { readonly seconds: number; readonly words: string; readonly share: number }): void;
  hide(): void;
}

/** A picture and a time above the bar. What shows pictures is loaded when somebody looks for a place. */
export function seekPreview(hls: string): SeekPreview {
  const picture = element('div', { class: 'seek-picture' });
  const words = element('span', { class: 'seek-words numbers' });
  const box = element('div', { class: 'seek-preview', 'aria-hidden': 'true', hidden: true }, picture, words);
  let pictures: Promise<SeekPictures> | undefined;
  let wanted = 0;

  const open = async (): Promise<SeekPictures> => {
    const made = new (await import('./seek-pictures.js')).SeekPictures(hls);
    picture.append(made.element);
    return made;
  };
  return {
    element: box,
    show({ seconds, words: said, share }) {
      box.hidden = false;
      words.textContent = said;
      box.style.setProperty('--share', String(Math.min(1, Math.max(0, share))));
      const round = (wanted += 1);
      pictures ??= open();
      pictures
        // Of places that a hand passed over only the last one is worth a picture.
        .then((made) => (round === wanted ? made.show(seconds) : undefined))
        .then((isShown) => isShown !== undefined && picture.toggleAttribute('data-there', isShown))
        .catch(() => picture.removeAttribute('data-there'));
    },
    hide() {
      wanted += 1;
      box.hidden = true;
    },
  };
}
