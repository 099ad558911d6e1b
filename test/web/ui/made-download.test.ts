import t from 'tap';
import { progressUrl, progressWords } from '../../../src/web/ui/made-download.js';

t.test('how far a file is is asked for beside it, for a clip and by a link too', async (t) => {
  t.equal(progressUrl('https://host/recordings/a/download.mp4'), 'https://host/recordings/a/download.json');
  t.equal(progressUrl('https://host/recordings/a/~token/download.mp4?from=1.0&to=2.0'), 'https://host/recordings/a/~token/download.json?from=1.0&to=2.0');
});

t.test('how far it is is said in words', async (t) => {
  t.match(progressWords({ state: 'waiting', percent: 0 }), /waits/);
  t.match(progressWords({ state: 'making', percent: 42 }), /42 % is done/);
  t.match(progressWords({ state: 'ready', byteLength: 1 }), /is made/);
});
