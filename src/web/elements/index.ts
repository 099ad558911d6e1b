export { OnairBroadcastElement, type OnairBroadcastEventMap } from './onair-broadcast.js';
export { OnairPlayerElement, type OnairPlayerEventMap } from './onair-player.js';
