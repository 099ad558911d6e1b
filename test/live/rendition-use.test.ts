import t from 'tap';
import type { Presentation } from '../../src/hls/presentation.js';
import type { LiveEvent } from '../../src/live/broadcast-options.js';
import { hlsSource } from '../../src/live/hls-source.js';
import type { LadderMeasures } from '../../src/live/ladder.js';
import { RenditionUse } from '../../src/live/rendition-use.js';
import { KeepingViewer, RenditionBench } from './rendition-bench.js';

const neverGone = (): (() => void) => () => undefined;

/** Viewers of a source and 480p, and whoever asks for playlists of these or of 360p. */
function useBench(measures?: LadderMeasures) {
  const events: LiveEvent[] = [];
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }], onChange: (change) => use.changed(change) });
  const use: RenditionUse = new RenditionUse({ viewers: () => bench.viewers, ladder: () => measures && { choices: bench.viewers.choices.filter(({ id }) => id === '480p'), measures }, onEvent: (event) => events.push(event) });
  const answer = { outcome: 'lasting' as const };
  const rendition = { mediaPlaylist: () => answer, rewindPlaylist: () => answer };
  const hls = hlsSource({ rendition: (id?: string) => (id === '1080p' ? undefined : rendition) } as unknown as Presentation, use.audience, () => undefined);
  const ask = (client: string, id: string | undefined, kind: 'live' | 'dvr' | 'iframes' = 'live') => hls.mediaPlaylist({ rendition: id, kind, client, directives: {}, watchClient: neverGone });
  return { bench, use, events, ask };
}

t.test('who watches a rendition is counted there, by sockets and by playlists, and so is each change', async (t) => {
  const { bench, use, events, ask } = useBench();
  t.strictSame(use.facts, {}, 'before there is any media nothing is known');
  bench.start();
  const viewer = new KeepingViewer();
  bench.viewers.join(viewer);
  bench.play(20);
  for (const [client, id] of [['one', undefined], ['two', '480p'], ['two', '480p'], ['three', '1080p']] as const) await ask(client, id);
  t.equal(use.viewerCount, 4, 'who asks for what there is not is there, too');
  t.strictSame([...use.viewersByRendition], [['source', 2], ['480p', 1]]);
  t.strictSame(events, []);
  bench.viewers.select(viewer, '480p');
  bench.play(20);
  for (const [id, kind] of [['480p', 'iframes'], ['480p', 'iframes'], ['480p', 'dvr'], ['480p', 'dvr']] as const) {
    if (kind === 'dvr') t.equal(use.viewersByRendition.get('source'), 1, 'pictures of a seek bar are not what is watched');
    await ask('one', id, kind);
  }
  t.strictSame([...use.viewersByRendition], [['480p', 3]]);
  t.strictSame(events, ['rendition-selected', 'rendition-asked']);
  t.match(use.facts.renditions, [
    { id: 'source', height: 720, madeBy: 'publisher', viewers: 0, changes: 0 },
    { id: '480p', height: 480, madeBy: 'publisher', viewers: 3, changes: 2 },
    { id: 'audio', height: undefined, madeBy: 'publisher', viewers: 0, changes: 0 },
  ]);
  t.strictSame([...use.changesByRendition], [['480p', 2]]);
  t.equal(use.facts.ladder, undefined);
});

t.test('a publisher is told which renditions are wanted, once, again when others are, and again on each connection', async (t) => {
  const { bench, use, ask } = useBench();
  bench.start();
  t.strictSame(use.wantedNews(false, 1), [{ type: 'wanted', renditions: [] }], 'nobody wants any');
  t.strictSame(use.wantedNews(false, 1), []);
  await ask('one', '480p');
  t.strictSame(use.wantedNews(false, 1), [{ type: 'wanted', renditions: ['480p'] }]);
  await ask('two', '480p');
  t.strictSame(use.wantedNews(false, 1), [], 'by how many is nothing new');
  t.strictSame(use.wantedNews(true, 1), [{ type: 'wanted', renditions: ['source', '480p'] }], 'the source is recorded');
  t.strictSame(use.wantedNews(true, 2), [{ type: 'wanted', renditions: ['source', '480p'] }], 'who came anew was told nothing');
});

t.test('what is encoded here is told apart from what the publisher sends, with what encodes it', async (t) => {
  const { bench, use } = useBench({ encoder: 'libx264', preset: 'superfast', renditions: 1, lagSeconds: 0.12345 });
  bench.start();
  t.strictSame(use.facts.renditions?.map(({ id, madeBy }) => `${id} ${madeBy}`), ['source publisher', '480p server', 'audio publisher']);
  t.strictSame(use.facts.ladder, { encoder: 'libx264', preset: 'superfast', renditions: 1, lagSeconds: 0.123 });
});
