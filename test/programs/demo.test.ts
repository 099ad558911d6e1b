import { join } from 'node:path';
import t from 'tap';

import { childrenOf, findProgram, skipWithout, startOwned, temporaryDirectory, waitUntil } from '../helpers/programs.js';

const root = join(import.meta.dirname, '../..');

t.test('the demo is on air by itself, and one Ctrl-C ends all of it', { skip: skipWithout(findProgram('ffmpeg'), 'ffmpeg') }, async (t) => {
  const directory = await temporaryDirectory(t);
  const demo = startOwned(t, process.execPath, ['--import=tsx', 'scripts/demo.ts'], {
    cwd: root,
    env: { ...process.env, PORT: '0', SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  demo.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  demo.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => demo.once('exit', resolve));

  const playlistUrl = await waitUntil('the link for players', () => /VLC +(http\S+index\.m3u8)/.exec(said)?.[1], 60_000);
  const playlist = await (await fetch(playlistUrl)).text();
  t.match(playlist, /RESOLUTION=1280x720/, said);
  t.match(playlist, /CODECS="avc1\.\w+,mp4a\.40\.2"/);
  t.match(said, /broadcast +http/, 'the link of the studio is there too');

  const pid = demo.pid ?? 0;
  const ffmpegs = await childrenOf(pid, 'ffmpeg');
  t.equal(ffmpegs.length, 2, 'the test card and the server each run one');

  // A terminal tells every process of the group.
  process.kill(-pid, 'SIGINT');
  t.equal(await ended, 0, said);
  t.notMatch(said, /"level":[456]0/, 'it ended as it should');
  await waitUntil('no process is left', () => !ffmpegs.some(isAlive));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
