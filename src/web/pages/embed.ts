import { Player } from '../sdk/player.js';
import { byId } from '../ui/element.js';
import { playerStage } from '../ui/player-stage.js';
import { playerQuery } from './player-query.js';

const stream = decodeURIComponent(location.pathname.split('/')[2] ?? '');
document.title = `${stream} · Onair`;

const stage = playerStage('player-frame');
byId('player', HTMLElement).append(stage.frame);

const player = new Player({ url: location.href, video: stage.video, ...playerQuery(location.search) });
stage.follow(player);
player.play();
