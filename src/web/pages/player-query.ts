import type { PathName, PlayerMode } from '../sdk/playback/path-choice.js';

/** What the address may ask of the player: `?mode=smooth`, `?path=hls`. Anything else is left out. */
export function playerQuery(search: string): { mode?: PlayerMode; path?: PathName } {
  const query = new URLSearchParams(search);
  const mode = query.get('mode');
  const path = query.get('path');
  return {
    ...(mode === 'smooth' || mode === 'lowest-delay' ? { mode } : {}),
    ...(path === 'websocket' || path === 'hls' || path === 'native' ? { path } : {}),
  };
}
