import t from 'tap';
import { startAlarm } from '../../../src/web/ui/start-alarm.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { installFakeDom, type FakeHtml } from './fake-dom.js';

interface AlarmBench {
  readonly alarm: ReturnType<typeof startAlarm>;
  readonly button: FakeHtml;
  readonly contexts: { isClosed: boolean; isSounding: boolean }[];
  readonly shown: string[];
  asked: number;
}

function alarmBench(t: Parameters<typeof installFakeDom>[0], { permission = 'default', hasSound = true, notes = true }: { readonly permission?: NotificationPermission; readonly hasSound?: boolean; readonly notes?: boolean } = {}): AlarmBench {
  installFakeDom(t);
  const contexts: AlarmBench['contexts'] = [];
  const shown: string[] = [];
  const tones: EventTarget[] = [];
  class Context {
    isClosed = false;
    isSounding = false;
    readonly currentTime = 0;
    constructor() {
      if (!hasSound) throw new DOMException('no device', 'NotSupportedError');
      contexts.push(this);
    }
    close(): Promise<void> {
      this.isClosed = true;
      return Promise.resolve();
    }
    createGain(): object {
      const nothing = (): void => undefined;
      return { connect: nothing, gain: { setValueAtTime: nothing, linearRampToValueAtTime: nothing, exponentialRampToValueAtTime: nothing } };
    }
  }
  class Tone extends EventTarget {
    constructor(context: Context) {
      super();
      context.isSounding = true;
      tones.push(this);
    }
    connect(): void {
      return;
    }
    start(): void {
      return;
    }
    stop(): void {
      queueMicrotask(() => this.dispatchEvent(new Event('ended')));
    }
  }
  const all = { contexts, shown, asked: 0 };
  class Note extends EventTarget {
    static readonly permission = permission;
    static requestPermission(): Promise<string> {
      all.asked += 1;
      return Promise.resolve('granted');
    }
    constructor(title: string) {
      super();
      if (!notes) throw new TypeError('Illegal constructor');
      shown.push(title);
    }
  }
  installGlobals(t, { AudioContext: Context, OscillatorNode: Tone, Notification: Note, window: { Notification: Note }, location: new URL('https://live.example/watch/s') });
  const alarm = startAlarm();
  return Object.assign(all, { alarm, button: alarm.button as unknown as FakeHtml });
}

t.test('whoever asked is told once when it starts, by a sound, and in another tab by a notification, and what sounded is let go of', async (t) => {
  const bench = alarmBench(t, { permission: 'granted' });
  const { alarm, button, contexts, shown } = bench;
  alarm.ring('An evening');
  t.equal(contexts.length, 0, 'nobody asked');
  button.say('click');
  t.strictSame([button.getAttribute('aria-pressed'), button.textContent], ['true', 'You will be told here when it starts']);
  Object.assign(document, { hidden: true });
  alarm.ring('An evening');
  alarm.ring('An evening');
  await settle();
  t.strictSame(contexts.map(({ isClosed, isSounding }) => [isClosed, isSounding]), [[true, true]]);
  t.strictSame(shown, ['An evening is live']);
  t.strictSame([button.getAttribute('aria-pressed'), button.textContent], ['false', 'Tell me when it starts']);
  button.say('click');
  button.say('click');
  t.equal(button.getAttribute('aria-pressed'), 'false', 'pressed again it is taken back');
  alarm.ring('An evening');
  t.strictSame(contexts.slice(1).map(({ isClosed, isSounding }) => [isClosed, isSounding]), [[true, false]]);
});

t.test('who looks at the page gets no notification; who has not decided is asked; where nothing can sound, the notification alone tells', async (t) => {
  const undecided = alarmBench(t);
  undecided.button.say('click');
  undecided.alarm.ring('An evening');
  t.equal(undecided.asked, 1);
  const looking = alarmBench(t, { permission: 'granted' });
  looking.button.say('click');
  looking.alarm.ring('An evening');
  t.strictSame([looking.asked, looking.shown, looking.contexts[0]?.isSounding], [0, [], true]);
  const silent = alarmBench(t, { permission: 'granted', hasSound: false });
  silent.button.say('click');
  t.equal(silent.button.getAttribute('aria-pressed'), 'true');
  Object.assign(document, { hidden: true });
  silent.alarm.ring('An evening');
  await settle();
  t.strictSame([silent.shown, silent.button.getAttribute('aria-pressed')], [['An evening is live'], 'false']);
  const android = alarmBench(t, { permission: 'granted', notes: false });
  android.button.say('click');
  Object.assign(document, { hidden: true });
  android.alarm.ring('An evening');
  t.equal(android.contexts[0]?.isSounding, true, 'a phone, where pages show none, sounds');
});
