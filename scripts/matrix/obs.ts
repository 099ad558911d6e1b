import { join } from 'node:path';
import { findProgram, startOwned, type Teardown } from '../../test/helpers/programs.js';

export const obsProgram = findProgram('obs');

/** OBS under a screen of its own: plays a file or an address and sends it to an RTMP address. */
export function startObs(t: Teardown, rtmpUrl: string, video: string): void {
  const [, server = '', key = ''] = /^(.*\/live)\/(.*)$/.exec(rtmpUrl) ?? [];
  const script = join(import.meta.dirname, '../../examples/obs/run.sh');
  // Two of them may run beside each other.
  screens += 1;
  startOwned(t, script, [server, key, video], { env: { ...process.env, OBS_DISPLAY: `:${String(70 + screens)}` } });
}

let screens = 0;
