import { Chat } from '../sdk/chat.js';
import { ChatPanel } from './chat-panel.js';
import { chatSwitches } from './chat-switches.js';
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

const nameItem = 'onair.chat-name';

/** The chat beside and over a picture. Nothing is connected while both of its switches are off. */
export function watchChat({ url, stream, section, danmaku, chatButton, danmakuButton }: WatchChatOptions): void {
  const tokenItem = `onair.chat-token.${stream}`;
  const panel = new ChatPanel({ section, moderates: false });
  let chat: Chat | undefined;
  let off = false;
  const open = (): Chat => {
    const name = recall(nameItem);
    const token = recall(tokenItem, 'sessionStorage');
    const opened = new Chat({ url, ...(name !== undefined && { name }), ...(token !== undefined && { token }) });
    panel.follow(opened, name);
    opened.on('state', ({ state }) => {
      if (off === (state === 'off')) return;
      off = state === 'off';
      show(!off);
    });
    opened.on('joined', (identity) => {
      remember(nameItem, identity.name);
      remember(tokenItem, identity.token, 'sessionStorage');
    });
    opened.on('message', (entry) => danmaku.fly(entry));
    opened.on('deleted', (id) => danmaku.remove(id));
    return opened;
  };
  const connect = (isSeen: boolean): void => {
    if (isSeen) chat ??= open();
    else {
      chat?.close();
      chat = undefined;
    }
  };
  const show = chatSwitches({ section, danmaku, chatButton, danmakuButton, onShown: connect });
  show(true);
}
