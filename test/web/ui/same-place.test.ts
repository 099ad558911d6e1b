import t from 'tap';
import { pageAtPlace, placeIn } from '../../../src/web/ui/same-place.js';
import { installGlobals } from '../sdk/fake-document.js';

t.test('the address of a recording says where it begins, in seconds; what is no time is none', (t) => {
  for (const [hash, seconds] of [['#t=90', 90], ['#t=90.5', 90.5], ['#t=0', 0], ['', undefined], ['#t=', undefined], ['#t=-1', undefined], ['#t=1e3', undefined], ['#t=1,2', undefined], ['#chat', undefined]] as const) t.equal(placeIn(hash), seconds, hash);
  t.end();
});

t.test('who was back in a broadcast that ended is taken to the same place of its recording, and to its beginning where that is not in it', async (t) => {
  const startedAt = '2026-01-02T03:04:05.000Z';
  const answers: (() => Response)[] = [];
  const asked: string[] = [];
  installGlobals(t, {
    fetch: async (url: string) => {
      asked.push(url);
      return answers.shift()!();
    },
  });
  const at = (seconds: number, answer = (): Response => Response.json({ startedAt, durationSeconds: 60 })): Promise<string> => {
    answers.push(answer);
    return pageAtPlace('https://live.example/recordings/id', 'https://live.example/api/recordings/id', Date.parse(startedAt) / 1000 + seconds);
  };
  t.equal(await at(12.34), 'https://live.example/recordings/id#t=12.3');
  for (const seconds of [-1, 0, 56, 61]) t.equal(await at(seconds), 'https://live.example/recordings/id', `${String(seconds)} s`);
  const failures = [(): Response => new Response('', { status: 401 }), (): Response => new Response('no JSON'), (): Response => { throw new TypeError('no network'); }];
  for (const failure of failures) t.equal(await at(12, failure), 'https://live.example/recordings/id', 'the page says itself why it can not be watched');
  t.strictSame(new Set(asked), new Set(['https://live.example/api/recordings/id']));
});
