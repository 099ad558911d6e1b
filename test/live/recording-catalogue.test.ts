import t from 'tap';
import { RecordingCatalogue, searchable, withOthers, type Listed } from '../../src/live/recording-catalogue.js';
import { seededRandom } from '../helpers/seeded-random.js';

const entry = (id: string, startedAtMs: number, title = '', stream = 'cam'): Listed => ({ id, stream, startedAtMs, words: searchable(stream, title) });
const ids = (entries: readonly Listed[]): string => entries.map(({ id }) => id).join(' ');

t.test('whatever the order in which they come and go, they are listed newest first, and pages of any size are the whole list', async (t) => {
  const random = seededRandom(17);
  const below = (end: number): number => Math.floor(random() * end);
  const catalogue = new RecordingCatalogue<Listed>();
  const model = new Map<string, Listed>();
  for (let step = 0; step < 400; step++) {
    const each = entry(`r${step}`, below(60), '', step % 3 === 0 ? 'other' : 'cam');
    catalogue.add(each);
    model.set(each.id, each);
    if (step % 4 !== 0) continue;
    const gone = [...model.keys()][below(model.size)] ?? '';
    model.delete(gone);
    catalogue.remove(gone);
  }
  const expected = [...model.values()].sort((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1));
  t.equal(ids(catalogue.list({ limit: 1000 }).found), ids(expected));
  t.equal(ids(catalogue.list({ limit: 1000, stream: 'other' }).found), ids(expected.filter(({ stream }) => stream === 'other')));
  for (const limit of [1, 7, expected.length, 1000]) {
    const all: Listed[] = [];
    let pages = 0;
    for (let before: string | undefined, more = true; more; more = before !== undefined, pages++) {
      const page = catalogue.list({ limit, ...(before !== undefined && { before }) });
      all.push(...page.found);
      before = page.next;
    }
    t.equal(ids(all), ids(expected), `pages of ${limit}`);
    t.equal(pages, Math.ceil(expected.length / limit), 'no page is empty');
  }
});

t.test('with others beside it pages are those of one catalogue that has all', async (t) => {
  const random = seededRandom(18);
  const [catalogue, all] = [new RecordingCatalogue<Listed>(), new RecordingCatalogue<Listed>()];
  const others: Listed[] = [];
  for (let step = 0; step < 60; step++) {
    const each = entry(`r${step}`, Math.floor(random() * 20), step % 2 === 0 ? 'harbour' : '', step % 3 === 0 ? 'other' : 'cam');
    if (random() < 0.7) catalogue.add(each);
    else others.push(each);
    all.add(each);
  }
  const isWanted = ({ id }: Listed): boolean => !id.endsWith('7');
  for (const wish of [{}, { stream: 'other' }, { q: 'harbour' }]) for (const limit of [1, 4, 1000, undefined]) {
    for (let before: string | undefined, more = true; more; more = before !== undefined) {
      const request = { ...wish, limit, before };
      const [page, expected] = [withOthers(catalogue.list(request, isWanted), others, request, isWanted), all.list(request, isWanted)];
      t.strictSame([ids(page.found), page.next], [ids(expected.found), expected.next], JSON.stringify(request));
      before = page.next;
    }
  }
});

t.test('a page goes on where the one before ended, also when that recording is deleted meanwhile and a newer one comes', async (t) => {
  const catalogue = new RecordingCatalogue<Listed>();
  for (const number of [1, 2, 3, 4, 5]) catalogue.add(entry(`r${number}`, number * 1000));
  const first = catalogue.list({ limit: 2 });
  t.equal(ids(first.found), 'r5 r4');
  catalogue.remove('r4');
  catalogue.add(entry('r6', 6000));
  t.equal(ids(catalogue.list({ limit: 2, before: first.next }).found), 'r3 r2');
  for (const wrong of ['', 'r4', '4000', '4000.a/b', `${'9'.repeat(40)}.r4`]) t.throws(() => catalogue.list({ before: wrong }), { code: 'malformed', message: /expected what "next"/ }, wrong);
});

t.test('words are found wherever they stand, in any letters and without their accents; all of them must be there', async (t) => {
  const catalogue = new RecordingCatalogue<Listed>();
  catalogue.add(entry('a', 1, 'Café am Hafen'));
  catalogue.add(entry('b', 2, 'Harbour   at night', 'Hafen-2'));
  const find = (q: string): string => ids(catalogue.list({ q }).found);
  t.equal(find('hafen'), 'b a');
  t.equal(find('CAFE hafen'), 'a');
  t.equal(find(' cafe\u0301 '), 'a');
  t.equal(find('harb night'), 'b');
  t.equal(find('hafen nothing'), '');
  t.equal(find('  '), 'b a');
  t.equal(ids(catalogue.list({}, ({ id }) => id !== 'b').found), 'a', 'what may not be listed is not');
});
