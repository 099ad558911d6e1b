import type { ChatEntry } from '../../protocol/chat-messages.js';
import { DanmakuLanes } from './danmaku-lanes.js';
import { element } from './element.js';

const durationMs = 9000;
/** Longer ones would be too fast to read; all of it stands in the chat. */
const maxCharacters = 80;

export interface Danmaku {
  /** Goes over the picture and takes no presses from it. */
  readonly element: HTMLElement;
  on: boolean;
  fly(entry: ChatEntry): void;
  remove(id: number): void;
}

/** Comments that fly over the picture from right to left, each in a lane of its own. Screen readers have the chat. */
export function danmaku(): Danmaku {
  const layer = element('div', { class: 'danmaku', 'aria-hidden': 'true' });
  const lanes = new DanmakuLanes({ durationMs });
  const flying = new Map<number, HTMLElement>();
  let on = true;

  const land = (id: number): void => {
    flying.get(id)?.remove();
    flying.delete(id);
  };
  return {
    element: layer,
    get on() {
      return on;
    },
    set on(wanted) {
      on = wanted;
      if (!on) for (const id of [...flying.keys()]) land(id);
    },
    fly({ id, text, publisher }) {
      if (!on || document.hidden || flying.has(id)) return;
      const characters = Array.from(text);
      const words = characters.length > maxCharacters ? `${characters.slice(0, maxCharacters).join('')}…` : text;
      const comment = element('span', { class: publisher ? 'danmaku-comment danmaku-comment--publisher' : 'danmaku-comment', dir: 'auto' }, words);
      layer.append(comment);
      const stageWidth = layer.clientWidth;
      const width = comment.offsetWidth;
      const laneHeight = comment.offsetHeight * 1.2;
      const lane = lanes.take({ stageWidth, width, nowMs: performance.now() }, Math.max(1, Math.floor(layer.clientHeight / laneHeight)));
      if (lane === undefined || stageWidth === 0) return comment.remove();
      flying.set(id, comment);
      comment.style.top = `${lane * laneHeight}px`;
      const flight = comment.animate([{ transform: `translateX(${stageWidth}px)` }, { transform: `translateX(${-width}px)` }], { duration: durationMs });
      flight.onfinish = () => land(id);
    },
    remove: land,
  };
}
