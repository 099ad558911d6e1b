import { Player } from '../sdk/player.js';
import { Chat } from '../sdk/chat.js';
import { streamAddresses } from '../sdk/playback/addresses.js';
import { danmaku } from '../ui/danmaku.js';
import { byId } from '../ui/element.js';
import { rememberedMode } from '../ui/gear.js';
import { playerStage } from '../ui/player-stage.js';
import { playerQuery } from './player-query.js';

const { stream } = streamAddresses(location.href, undefined);
document.title = `${stream} · Onair`;

const stage = playerStage();
byId('player', HTMLElement).append(stage.frame);

const player = new Player({ url: location.href, video: stage.video, mode: rememberedMode(), ...playerQuery(location.search) });
stage.follow(player);
player.play();

// Only where the page around it asks for them: `?danmaku=1`.
if (new URLSearchParams(location.search).get('danmaku') === '1') {
  const comments = danmaku();
  stage.overlay(comments.element);
  const chat = new Chat({ url: location.href });
  chat.on('message', (entry) => comments.fly(entry));
  chat.on('deleted', (id) => comments.remove(id));
}
byId('not-loaded', HTMLElement).remove();
