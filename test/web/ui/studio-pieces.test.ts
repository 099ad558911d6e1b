import t from 'tap';
import { NoticeBoard } from '../../../src/web/ui/notice-board.js';
import type { EncoderFacts } from '../../../src/web/sdk/publishing/encoder.js';
import { qualities, type Quality } from '../../../src/web/sdk/quality.js';
import type { StudioForm } from '../../../src/web/ui/studio-form.js';
import type { LiveStreamInfo } from '../../../src/protocol/live-stream-info.js';
import type { FactsDesk, StreamFacts } from '../../../src/web/sdk/playback/facts-poll.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { installFakeDom, type FakeHtmlPage } from './fake-dom.js';
import { bench, type Bench } from './studio-bench.js';

type Teardown = Parameters<typeof bench>[0];

/** A session of the studio with fakes below it, and a page above. */
function studio(t: Teardown): Bench & { readonly page: FakeHtmlPage; readonly ticks: (() => void)[] } {
  const page = installFakeDom(t);
  const ticks: (() => void)[] = [];
  installGlobals(t, {
    setInterval: (run: () => void) => ticks.push(run),
    location: new URL('https://live.example/broadcast'),
    cancelAnimationFrame: () => undefined,
  });
  return { ...bench(t), page, ticks };
}

t.test('notices: one for each code, newest on top, errors interrupt, and what can be done is a button', async (t) => {
  const { the } = installFakeDom(t);
  const container = the('notices');
  const board = new NoticeBoard(container as unknown as HTMLElement);
  const done: string[] = [];
  board.show('line', 'warning', { title: 'Slow.' });
  board.show('key', 'error', { title: 'Wrong key.', advice: 'Enter it.', actions: [{ label: 'Understood', run: () => done.push('understood') }] });
  board.show('line', 'warning', { title: 'Slower.' });
  t.strictSame(container.children.map((child) => (typeof child === 'string' ? child : child.textContent)), ['Slower.', 'Wrong key.Enter it.Understood']);
  t.strictSame(container.children.map((child) => (typeof child === 'string' ? child : child.getAttribute('role'))), ['status', 'alert']);
  container.press('Understood');
  t.strictSame(done, ['understood']);
  board.clear('line');
  board.clear('line');
  t.equal(container.children.length, 1);
  board.clearAll();
  t.equal(container.children.length, 0);
});

t.test('the lamp is lit when the server says live, counts from there, and the button says what it does at each moment', async (t) => {
  const { StudioAir } = await import('../../../src/web/ui/studio-air.js');
  const { session, page, devices, publishers, passMs, ticks } = studio(t);
  new StudioAir(session);
  const [lamp, go] = [page.the('lamp'), page.the('go')];
  t.strictSame([lamp.textContent, go.textContent, page.the('elapsed').hidden], ['Off air', 'Go live', true]);
  void session.goLive({ stream: 's', key: 'k', description: {} });
  t.strictSame([lamp.textContent, go.textContent], ['Connecting', 'Cancel']);
  devices.last.give();
  await settle();
  await settle();
  publishers.at(-1)?.emit('state', 'connected');
  t.strictSame([lamp.textContent, lamp.dataset.state, go.textContent], ['Starting', 'busy', 'End broadcast'], 'not before the server says so');
  publishers.at(-1)?.take();
  await settle();
  t.strictSame([lamp.textContent, lamp.dataset.state, page.title(), page.the('elapsed').hidden], ['LIVE', 'live', '● LIVE · Onair', false]);
  for (const tick of ticks) tick();
  t.match(page.the('elapsed-time').textContent, /^0:0\d$/);
  passMs(5_000);
  publishers.at(-1)?.emit('stats', { viewers: 3 } as never);
  session.end();
  t.strictSame([page.the('end-question').open, page.the('end-watching').textContent], [true, '3 people are watching.']);
  page.the('end-question').close();
  t.equal(session.state.ending, 'no', 'Escape means no');
  session.end();
  page.the('end-now').say('click');
  await settle();
  t.strictSame([lamp.textContent, go.textContent, page.the('end-question').open, page.the('elapsed').hidden], ['Off air', 'Go live', false, true]);
});

t.test('the stage shows what is sent, mirrored only where it is one’s own face, and says why there is nothing', async (t) => {
  const { StudioStage } = await import('../../../src/web/ui/studio-stage.js');
  const { session, page, devices } = studio(t);
  class Silent {
    readonly state = 'running';
    createMediaStreamSource(): { connect: () => void; disconnect: () => void } {
      return { connect: () => undefined, disconnect: () => undefined };
    }
  }
  installGlobals(t, { AudioContext: Silent, AnalyserNode: class { readonly fftSize = 8; getFloatTimeDomainData(): void { return; } }, requestAnimationFrame: () => 1 });
  new StudioStage(session);
  const [preview, words, open] = [page.the('preview'), page.the('stage-words'), page.the('open-source')];
  t.strictSame([preview.hidden, words.textContent, open.textContent, page.the('mute').disabled], [true, 'Nothing is sent until you go live.', 'Turn on camera and microphone', true]);
  open.say('click');
  t.equal(words.textContent, 'If your browser asks, allow it.');
  devices.last.give();
  await settle();
  await settle();
  t.strictSame([preview.hidden, preview.classes.has('mirrored'), page.the('mute').disabled, open.hidden], [false, true, false, true]);
  page.the('mute').say('click');
  t.equal(page.the('mute').getAttribute('aria-pressed'), 'true');
  session.choose({ picture: 'none' });
  devices.last.give();
  await settle();
  await settle();
  t.strictSame([preview.hidden, preview.srcObject, words.textContent], [true, null, 'Sound only']);
  session.choose({ picture: 'screen' });
  devices.last.give();
  await settle();
  await settle();
  t.equal(preview.classes.has('mirrored'), false);
  new StudioStage(session).disable();
  t.equal(open.disabled, true);
});

t.test('the line: one sentence that is read out when it changes, and figures', async (t) => {
  const { StudioLine } = await import('../../../src/web/ui/studio-line.js');
  const { the } = installFakeDom(t);
  const line = new StudioLine();
  const stats = { verdict: 'good', upstreamBitsPerSecond: 2_500_000, viewers: 4, framesPerSecond: 30, backlogMs: 420 } as Parameters<typeof line.show>[0];
  line.show(stats, []);
  const [said] = the('verdict').children;
  line.show(stats, []);
  t.equal(the('verdict').children[0], said);
  t.strictSame(['upstream', 'viewers', 'pictures', 'backlog'].map((id) => the(id).textContent), ['2.5 Mbit/s', '4', '30/s', '0.4 s']);
  line.show({ ...stats, verdict: 'slow', framesPerSecond: undefined }, []);
  t.strictSame([the('verdict').textContent, the('verdict').dataset.mood, the('pictures').textContent], ['The line is too slow: viewers fall behind.', 'bad', '–']);
  line.hidden = true;
  t.ok(the('line').hidden);
});

t.test('several qualities: what would be sent is said before, by what and for how much while live, and the machine is tried once for each quality', async (t) => {
  const { StudioQualities } = await import('../../../src/web/ui/studio-qualities.js');
  const { session, page, devices, publishers } = studio(t);
  const fields = { quality: qualities[1] as Quality, severalQualities: true, stream: 's' };
  const tried: string[] = [];
  const followed: string[] = [];
  let tell: (facts: StreamFacts) => void = () => undefined;
  const desk: Pick<FactsDesk, 'follow'> = {
    follow: (url, onFacts) => {
      followed.push(String(url));
      tell = onFacts;
      return { ask: () => Promise.reject(new Error('expected nobody to ask')), close: () => followed.pop() };
    },
  };
  let found: EncoderFacts = { encoder: 'webcodecs', why: '90 pictures a second in a trial', renditions: 3 };
  let closed = 0;
  const sent = new StudioQualities(fields as unknown as StudioForm, session, ({ quality }) => {
    tried.push(quality.name);
    return Promise.resolve({ facts: found, open: () => { throw new Error('expected nothing to be recorded'); }, close: () => (closed += 1) });
  }, desk);
  const [hint, quality, several] = [page.the('several-hint'), page.the('quality'), page.the('several-qualities')];
  t.equal(hint.textContent, 'For viewers on slower lines this browser sends 480p (1.0 Mbit/s) and 360p (500 kbit/s), too.');
  quality.say('change');
  t.strictSame(tried, [], 'nothing is tried before a device is open');
  const opened = session.openDevices();
  devices.last.give();
  await opened;
  await settle();
  t.strictSame([tried, closed], [['720p'], 1]);
  await session.openDevices();
  t.equal(tried.length, 1, 'what is known is not tried again');
  found = { ...found, renditions: 1 };
  fields.quality = qualities[0];
  quality.say('change');
  await settle();
  t.equal(hint.textContent, 'This machine makes one quality in time.');
  found = { encoder: 'mediarecorder', why: 'this browser has no VideoEncoder', renditions: 1 };
  fields.quality = qualities[2];
  quality.say('change');
  await settle();
  t.equal(hint.textContent, 'Not here: this browser has no VideoEncoder. One quality is sent.');
  fields.severalQualities = false;
  several.say('change');
  t.equal(hint.textContent, 'Everybody gets the one quality, whatever their line carries.');

  t.ok(page.the('sent').hidden, 'nothing is sent yet');
  void session.goLive({ stream: 's', key: 'k', description: {}, renditions: 3 });
  await settle();
  publishers.at(-1)?.take();
  await settle();
  t.equal(publishers.at(-1)?.options.renditions, 3);
  const rows = (): unknown[] => page.the('sent-list').children.map((row) => (typeof row === 'string' ? row : row.textContent));
  const stats = { upstreamBitsPerSecond: 2_640_000, renditions: [{ width: 1280, height: 720, bitsPerSecond: 2_500_000 }, { width: 360, height: 640, bitsPerSecond: 480_000 }] };
  sent.show(stats, session.state.encoder);
  t.ok(page.the('sent').hidden, 'it is not known yet by what');
  publishers.at(-1)?.emit('encoder', { encoder: 'webcodecs', why: 'so', renditions: 2 });
  fields.severalQualities = true;
  publishers.at(-1)?.emit('encoder', { encoder: 'webcodecs', why: 'so', renditions: 2 });
  t.match(hint.textContent, /this browser sends .*, too/, 'what was not known before is known on air');
  sent.show(stats, session.state.encoder);
  t.strictSame([page.the('sent').hidden, rows(), page.the('sent-by').textContent], [false, ['720p2.5 Mbit/s', '360p480 kbit/s'], 'Made in this browser by WebCodecs: so.']);
  const used = (facts: Pick<LiveStreamInfo, 'renditions' | 'ladder'>): void => tell({ known: true, info: facts as LiveStreamInfo });
  t.match(followed, [/\/api\/streams\/s$/], 'the server knows who watches which');
  const one = { bitsPerSecond: 1, changes: 0, madeBy: 'publisher' } as const;
  used({ renditions: [{ ...one, id: 'source', height: 720, viewers: 12 }, { ...one, id: 'picture-2', height: 640, viewers: 1 }, { ...one, id: 'audio', viewers: 2 }] });
  tell({ known: false, status: undefined });
  sent.show(stats, session.state.encoder);
  t.strictSame(rows(), ['720p2.5 Mbit/s12 watching', '360p480 kbit/s1 watching', 'Soundno uplink2 watching'], 'what is known holds while the server does not answer');
  t.equal(page.the('made-by-server').textContent, '');
  publishers.at(-1)?.emit('encoder', { encoder: 'mediarecorder', why: 'it failed', renditions: 1 });
  const made = [{ ...one, id: 'source', height: 1080, viewers: 0 }, { ...one, id: '480p', height: 480, viewers: 3, madeBy: 'server' as const }, { ...one, id: '360p', height: 360, viewers: 0, madeBy: 'server' as const }, { ...one, id: 'audio', viewers: 0 }];
  used({ renditions: made });
  sent.show({ ...stats, renditions: [] }, session.state.encoder);
  t.strictSame(rows(), ['1080p2.6 Mbit/s0 watching', '480pno uplink3 watching', '360pno uplink0 watching']);
  t.equal(page.the('made-by-server').textContent, 'Made by the server: 480p and 360p, while somebody watches one.');
  used({ renditions: made, ladder: { encoder: 'libx264', preset: 'superfast', renditions: 2, lagSeconds: 0.24 } });
  sent.show({ ...stats, renditions: [] }, session.state.encoder);
  t.equal(page.the('made-by-server').textContent, 'Made by the server: 480p and 360p, now, with libx264, 0.2 s behind what you send.');
  used({});
  sent.show({ ...stats, renditions: [] }, session.state.encoder);
  t.strictSame([rows(), page.the('sent-by').textContent], [['1080p2.6 Mbit/s'], 'Recorded by this browser’s MediaRecorder, in one quality: it failed.']);
  await session.endNow();
  await settle();
  t.ok(page.the('sent').hidden);
  t.strictSame(followed, [], 'off air nothing is asked');
});

const form = (fields: { stream: string; key: string; isRight?: boolean }, said: string[] = []): StudioForm =>
  ({ ...fields, validate: () => fields.isRight ?? true, keyIsWrong: () => said.push('key'), form: new EventTarget() }) as unknown as StudioForm;

t.test('the uplink’s test says what the line carries and which quality that is good for, once at a time, and what went wrong', async (t) => {
  const { StudioUplinkTest } = await import('../../../src/web/ui/studio-uplink-test.js');
  const { session, page } = studio(t);
  const said: string[] = [];
  const sent = { renditions: 1 };
  new StudioUplinkTest(form({ stream: 's', key: 'k' }, said), session, sent);
  const result = page.the('uplink-result');
  let [asked, status] = [0, 200];
  installGlobals(t, {
    fetch: () => {
      asked += 1;
      return Promise.resolve(Response.json(status === 200 ? { bytes: 1, milliseconds: 1 } : { code: 'unauthorized' }, { status }));
    },
  });
  page.the('test-uplink').say('click');
  const first = asked;
  page.the('test-uplink').say('click');
  t.equal(asked, first, 'a second press is none');
  t.equal(result.textContent, 'Sending for some seconds …');
  for (let turn = 0; turn < 5_000 && result.textContent.startsWith('Sending'); turn += 1) await settle();
  t.match(result.textContent, /^Your line carries [\d.]+ [MGk]bit\/s\. Good for 1080p\.$/);
  sent.renditions = 3;
  page.the('test-uplink').say('click');
  for (let turn = 0; turn < 5_000 && !result.textContent.startsWith('Your'); turn += 1) await settle();
  t.match(result.textContent, / Good for 1080p with smaller qualities beside it\.$/);
  status = 401;
  page.the('test-uplink').say('click');
  for (let turn = 0; turn < 500 && said.length === 0; turn += 1) await settle();
  t.strictSame(said, ['key']);
});

t.test('addresses are known from the name alone; with the key they are the server’s own; an answer that comes late for another name is not shown', async (t) => {
  const { StudioAddresses } = await import('../../../src/web/ui/studio-addresses.js');
  const { page } = studio(t);
  const fields = form({ stream: 'first', key: '' }) as unknown as { stream: string; key: string; form: EventTarget };
  const answers: ((answer: Response) => void)[] = [];
  installGlobals(t, { fetch: () => new Promise((resolve) => answers.push(resolve)) });
  new StudioAddresses(fields as unknown as StudioForm);
  const details = page.the('addresses');
  const shown = (): string => page.the('addresses-list').all().map(({ attributes, value }) => `${attributes.get('value') ?? ''}${value}`).join(' ');
  details.say('toggle');
  t.equal(shown(), '', 'closed, nothing is asked');
  details.open = true;
  details.say('toggle');
  await settle();
  t.match(shown(), /watch\/first/);
  Object.assign(fields, { stream: 'second', key: 'k' });
  fields.form.dispatchEvent(new Event('change'));
  Object.assign(fields, { stream: 'third', key: '' });
  fields.form.dispatchEvent(new Event('change'));
  await settle();
  t.match(shown(), /watch\/third/);
  answers[0]?.(new Response('{}', { status: 500 }));
  await settle();
  t.match(shown(), /watch\/third/);
});
