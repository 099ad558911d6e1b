import { Chat } from '../sdk/chat.js';
import { ChatPanel } from './chat-panel.js';
import type { Danmaku } from './danmaku.js';
import { recall, remember } from './remembered.js';

export interface WatchChatOptions {
  /** The watch page's own address. */
  readonly url: string;
  readonly stream: string;
  readonly section: HTMLElement;
  readonly danmaku: Danmaku;
  readonly chatButton: HTMLButtonElement;
  readonly danmakuButton: HTMLButtonElement;
}

const items = { chat: 'onair.chat', danmaku: 'onair.danmaku', name: 'onair.chat-name' };

/** The chat beside and over a picture, and its two switches, which are remembered. Nothing is connected while both are off. */
export function watchChat({ url, stream, section, danmaku, chatButton, danmakuButton }: WatchChatOptions): void {
  const tokenItem = `onair.chat-token.${stream}`;
  const panel = new ChatPanel({ section, moderates: false });
  let chat: Chat | undefined;
  let off = false;
  let shown = recall(items.chat) !== 'off';
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  danmaku.on = (recall(items.danmaku) ?? (calm ? 'off' : 'on')) === 'on';

  const show = (): void => {
    section.hidden = off || !shown;
    chatButton.hidden = danmakuButton.hidden = off;
    chatButton.setAttribute('aria-expanded', String(shown));
    danmakuButton.setAttribute('aria-pressed', String(danmaku.on));
    if (shown || danmaku.on) chat ??= open();
    else {
      chat?.close();
      chat = undefined;
    }
  };
  const open = (): Chat => {
    const name = recall(items.name);
    const token = recall(tokenItem, 'sessionStorage');
    const opened = new Chat({ url, ...(name !== undefined && { name }), ...(token !== undefined && { token }) });
    panel.follow(opened, name);
    opened.on('state', ({ state }) => {
      if (off === (state === 'off')) return;
      off = state === 'off';
      show();
    });
    opened.on('joined', (identity) => {
      remember(items.name, identity.name);
      remember(tokenItem, identity.token, 'sessionStorage');
    });
    opened.on('message', (entry) => danmaku.fly(entry));
    opened.on('deleted', (id) => danmaku.remove(id));
    return opened;
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
  show();
}
