import type { Danmaku } from './danmaku.js';
import { recall, remember } from './remembered.js';

export interface ChatSwitchesOptions {
  /** Where the chat stands beside the picture. */
  readonly section: HTMLElement;
  readonly danmaku: Danmaku;
  readonly chatButton: HTMLButtonElement;
  readonly danmakuButton: HTMLButtonElement;
  /** Told each time it is shown anew, with whether anybody sees any of it. */
  readonly onShown?: (isSeen: boolean) => void;
}

const items = { chat: 'onair.chat', danmaku: 'onair.danmaku' };

/**
 * The two switches of a chat, beside the picture and over it, which are remembered: who wants none on one page has none on another.
 * @returns shows what is switched on; where there is no chat at all, not even the switches
 */
export function chatSwitches({ section, danmaku, chatButton, danmakuButton, onShown }: ChatSwitchesOptions): (isThere: boolean) => void {
  let isThere = true;
  let shown = recall(items.chat) !== 'off';
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  danmaku.on = (recall(items.danmaku) ?? (calm ? 'off' : 'on')) === 'on';
  const show = (): void => {
    section.hidden = !isThere || !shown;
    chatButton.hidden = danmakuButton.hidden = !isThere;
    chatButton.setAttribute('aria-expanded', String(shown));
    danmakuButton.setAttribute('aria-pressed', String(danmaku.on));
    onShown?.(shown || danmaku.on);
  };
  chatButton.addEventListener('click', () => {
    shown = !shown;
    remember(items.chat, shown ? 'on' : 'off');
    show();
  });
  danmakuButton.addEventListener('click', () => {
    danmaku.on = !danmaku.on;
    remember(items.danmaku, danmaku.on ? 'on' : 'off');
    show();
  });
  return (is) => {
    isThere = is;
    show();
  };
}
