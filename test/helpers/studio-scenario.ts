import type { Test } from 'tap';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { waitForPlayback, waitForWords, wordsOf, type ScriptedPage } from './scripted-page.js';
import type { TestServer } from './server.js';

/** A person goes live in the studio and another watches; then it ends. The same in every browser. */
export async function goLiveAndWatch(t: Test, server: TestServer, studio: ScriptedPage, watch: ScriptedPage, stream: string): Promise<void> {
  const info = async (): Promise<LiveStreamInfo> => (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;

  await watch.goto(`${server.origin}/watch/${stream}`);
  await waitForWords(watch, /not live yet/i);
  t.pass('before the broadcast there is a waiting room');

  await studio.show();
  await studio.goto(`${server.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  await waitForWords(studio, /Go live/);
  t.notMatch(studio.url(), server.key, 'the key has left the address bar');
  t.notMatch(await wordsOf(studio), /\bLIVE\b/, 'no lamp is lit yet');
  await studio.fill('Stream name', stream);
  await studio.choose('Quality', await studio.evaluate<string>(`document.querySelector('#quality option').label`));
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/);
  const facts = await info();
  t.equal(facts.state, 'live', 'the lamp is lit when the server says that viewers can watch');
  t.strictSame([...new Set(facts.recording?.tracks.map(({ kind }) => kind))].sort(), ['audio', 'video']);

  await watch.show();
  const { first, last } = await waitForPlayback(watch, 4);
  // How many pictures a second there are is up to the machine's encoder.
  t.ok(last.shown - first.shown > 12, `the waiting room began to play by itself: ${String(last.shown - first.shown)} pictures in 4 s`);
  t.match(await wordsOf(watch), /\bLIVE\b/, 'and says that it is live');
  await waitForWords(studio, /Viewers\s+[1-9]/);
  t.pass('the studio counts the viewer');

  await studio.show();
  await studio.press('End broadcast');
  await waitForWords(studio, /One person is watching/);
  await studio.press('End it');
  await waitForWords(studio, /Off air/i);
  await waitForWords(watch, /has ended|not live/i);
  t.pass('the end is told on both sides');
  t.not((await info()).state, 'live');
}
