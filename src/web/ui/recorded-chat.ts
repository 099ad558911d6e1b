import type { Player } from '../sdk/player.js';
import { ChatLog } from './chat-log.js';
import { ChatReplay, readSaid } from './chat-replay.js';
import { chatSwitches } from './chat-switches.js';
import type { Danmaku } from './danmaku.js';

export interface RecordedChatOptions {
  /** Of `chat.jsonl`. */
  readonly url: string;
  readonly player: Player;
  /** The page's own section, with a heading in it. */
  readonly section: HTMLElement;
  readonly danmaku: Danmaku;
  readonly chatButton: HTMLButtonElement;
  readonly danmakuButton: HTMLButtonElement;
}

/** What was said comes back at its time, beside the picture and over it. Where nothing was said, nothing is shown. */
export async function recordedChat({ url, player, section, danmaku, chatButton, danmakuButton }: RecordedChatOptions): Promise<void> {
  const response = await fetch(url).catch(() => undefined);
  const said = response?.ok === true ? readSaid(await response.text()) : [];
  if (said.length === 0) return;
  const replay = new ChatReplay(said);
  const log = new ChatLog();
  section.append(log.element);
  section.dataset.state = 'open';
  player.on('place', (place) => {
    if (place === undefined) return;
    const { all, added } = replay.goTo(place.positionSeconds);
    if (all !== undefined) log.replace(all);
    for (const entry of added) {
      log.add(entry);
      danmaku.fly(entry);
    }
  });
  chatSwitches({ section, danmaku, chatButton, danmakuButton })(true);
}
