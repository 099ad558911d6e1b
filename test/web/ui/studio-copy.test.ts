import t, { type Test } from 'tap';
import { OnairError } from '../../../src/web/sdk/errors.js';
import { pickedPlace, piecesPlace } from '../../../src/web/sdk/publishing/copy/copy-places.js';
import { LocalCopy } from '../../../src/web/sdk/publishing/copy/local-copy.js';
import { privatePieces, type LeftCopy } from '../../../src/web/sdk/publishing/copy/private-files.js';
import { defaultQuality } from '../../../src/web/sdk/quality.js';
import type { NoticeText } from '../../../src/web/ui/notice.js';
import { StudioCopy, type StudioCopyParts } from '../../../src/web/ui/studio-copy.js';
import { FakeDisk, FakeFile } from '../sdk/fake-files.js';
import { settle } from '../sdk/fake-page.js';
import { installFakeDom } from './fake-dom.js';
import { FakePublisher } from './studio-bench.js';

function bench(t: Test, parts: Partial<StudioCopyParts> = {}) {
  const page = installFakeDom(t);
  const disk = new FakeDisk();
  const saved: string[] = [];
  const shown = new Map<string, NoticeText>();
  const session = { onAir: false, state: { wish: { quality: defaultQuality } } };
  const studio = new StudioCopy(session as never, { show: (code, _kind, text) => void shown.set(code, text), clear: (code) => void shown.delete(code) }, {
    pickFile: undefined,
    prepareCopy: async (file) => {
      const kept = piecesPlace(await privatePieces({ root: () => Promise.resolve(undefined), locks: undefined }));
      return (publisher, name) => new LocalCopy(publisher, name, { first: file ? pickedPlace(file) : kept, next: kept });
    },
    leftCopies: () => Promise.resolve([]),
    save: (blob, name) => void saved.push(`${name} ${String(blob.size)}`),
    ...parts,
  });
  const box = page.the('copy');
  const press = async (checked: boolean): Promise<void> => {
    box.checked = checked;
    box.dispatchEvent(new Event('change'));
    await settle();
  };
  /** A recording of so many bytes. */
  const record = (publisher: FakePublisher, bytes: number): void => {
    publisher.emit('recording', { mimeType: 'video/x-matroska' });
    publisher.emit('chunk', new Uint8Array(bytes));
  };
  const goLive = (): FakePublisher => {
    const publisher = new FakePublisher({ stream: 'cam', key: 'k' });
    studio.follow(publisher, 'cam');
    return publisher;
  };
  return { studio, session, disk, saved, shown, box, press, record, goLive, hint: page.the('copy-hint') };
}

t.test('without a picker the browser keeps the copy, and gives it as a download when the broadcast is over; the switch stays', async (t) => {
  const { press, goLive, record, saved, shown, box, hint } = bench(t);
  t.match(hint.textContent, /Nothing is written/);
  await press(true);
  t.match(hint.textContent, /download/);
  for (const bytes of [10, 20]) {
    const publisher = goLive();
    record(publisher, bytes);
    publisher.over(null);
    await settle();
    t.match(saved.at(-1), new RegExp(`^cam-\\d{4}-\\d\\d-\\d\\d-\\d{6}\\.mkv ${String(bytes)}$`));
    t.match(shown.get('copy-saved'), { title: /There is a copy/, advice: /as a download/, actions: [{ label: 'Save again' }, { label: 'It is saved' }] });
    t.equal(box.checked, true);
  }
  shown.get('copy-saved')?.actions?.[1]?.run();
  t.notOk(shown.has('copy-saved'));
});

t.test('a picked file is written to, and the switch is off when it has its broadcast; later files come as downloads, which is told', async (t) => {
  const file = new FakeFile('show.mkv', new FakeDisk());
  const names: string[] = [];
  const { press, goLive, record, saved, shown, box, hint } = bench(t, { pickFile: async ({ suggestedName }) => {
    names.push(suggestedName);
    return file as unknown as FileSystemFileHandle;
  } });
  await press(true);
  t.match(names, [/^broadcast-.*\.mkv$/]);
  t.match(hint.textContent, /show\.mkv/);
  const publisher = goLive();
  record(publisher, 3);
  record(publisher, 4);
  await settle();
  t.match(shown.get('copy'), { title: 'The copy has 2 files by now.', advice: /-2\.mkv goes on.*download/ });
  publisher.over(null);
  await settle();
  t.equal(file.content.length, 3);
  t.match(shown.get('copy-saved')?.advice, /show\.mkv \(0 kB\), where you wanted it; cam-.*-2\.mkv \(0 kB\), as a download/);
  t.match(saved, [/-2\.mkv 4$/]);
  t.equal(box.checked, false);
  t.match(hint.textContent, /Nothing is written/);
});

t.test('who closes the dialog has said no; a picker that fails is told', async (t) => {
  const no = bench(t, { pickFile: () => Promise.reject(new DOMException('the user aborted a request', 'AbortError')) });
  await no.press(true);
  t.strictSame([no.box.checked, no.box.disabled, no.shown.size], [false, false, 0]);
  const failing = bench(t, { prepareCopy: () => Promise.reject(new OnairError('unreachable', 'It did not load.')) });
  await failing.press(true);
  t.equal(failing.box.checked, false);
  t.match(failing.shown.get('copy'), { advice: 'It did not load.' });
});

t.test('switched on while live, it begins with a recording of its own; switched off, it is given at once', async (t) => {
  const { session, press, goLive, record, saved, box } = bench(t);
  const publisher = goLive();
  record(publisher, 3);
  session.onAir = true;
  await press(true);
  t.strictSame(publisher.calls, [`quality ${defaultQuality.name}`]);
  record(publisher, 4);
  await press(false);
  t.match(saved, [/ 4$/]);
  record(publisher, 5);
  publisher.over(null);
  await settle();
  t.equal(saved.length, 1);
  t.equal(box.checked, false);
});

t.test('a disk that refuses is told in words, and what it took is given', async (t) => {
  const disk = new FakeDisk();
  disk.room = 5;
  const file = new FakeFile('show.mkv', disk);
  const { press, goLive, record, shown, box } = bench(t, { pickFile: () => Promise.resolve(file as unknown as FileSystemFileHandle) });
  await press(true);
  const publisher = goLive();
  record(publisher, 6);
  await settle();
  t.match(shown.get('copy'), { title: 'The copy on this computer has ended.', advice: /^The disk is full\./ });
  t.equal(box.checked, false);
  record(publisher, 1);
  publisher.over(null);
  await settle();
  t.equal(file.content.length, 0);
});

t.test('copies of pages that are gone are offered, with what they weigh, and are let go of when that is said', async (t) => {
  let there = 2;
  const left = (name: string): LeftCopy => ({ name, blob: new Blob([new Uint8Array(2_000_000)]), discard: async () => void (there -= 1) });
  const { studio, shown, saved } = bench(t, { leftCopies: () => Promise.resolve([left('a.mkv'), left('b.mkv')]) });
  await studio.offerLeft();
  t.match(shown.get('copy-left'), { title: /2 copies/, advice: /a\.mkv \(2\.0 MB\), b\.mkv/ });
  shown.get('copy-left')?.actions?.[0]?.run();
  await new Promise((resolve) => setTimeout(resolve, 700));
  t.strictSame(saved, ['a.mkv 2000000', 'b.mkv 2000000']);
  shown.get('copy-left')?.actions?.[1]?.run();
  await settle();
  t.equal(there, 0);
  t.notOk(shown.has('copy-left'));
});
