import t from 'tap';
import { ChatRoom } from '../../src/live/chat-room.js';
import type { ChatVisitor } from '../../src/live/chat-room.js';
import { ChatPeople } from '../../src/live/chat-people.js';
import { TokenBucket } from '../../src/live/token-bucket.js';

interface Guest {
  readonly visitor: ChatVisitor;
  readonly told: Record<string, unknown>[];
  backlogBytes: number;
  left: 'ended' | 'moved away' | 'dropped' | undefined;
  last(type: string): Record<string, unknown> | undefined;
}

function roomWithClock(): { room: ChatRoom; pass: (seconds: number) => void; enter: (name?: string, options?: { address?: string; publisher?: boolean; token?: string }) => Guest } {
  let nowMs = 0;
  const room = new ChatRoom({ stream: 'cam', broadcast: 'run1', maxPeople: 100, messagesPerMinute: 20, now: () => nowMs });
  return {
    room,
    pass: (seconds) => (nowMs += seconds * 1000),
    enter: (name, { address = 'a', publisher = false, token } = {}) => {
      const told: Record<string, unknown>[] = [];
      const guest = { told, backlogBytes: 0, left: undefined, last: (type: string) => told.findLast((message) => message.type === type) } as unknown as Guest & { visitor: ChatVisitor };
      const sink = {
        send: (text: string) => void told.push(JSON.parse(text) as Record<string, unknown>),
        get backlogBytes() {
          return guest.backlogBytes;
        },
        end: () => void (guest.left = 'ended'),
        moveAway: () => void (guest.left = 'moved away'),
        drop: () => void (guest.left = 'dropped'),
      };
      guest.visitor = room.enter({ sink, address, publisher });
      if (name !== undefined) room.join(guest.visitor, name, token);
      return guest;
    },
  };
}

t.test('who comes later reads the last hundred messages', async (t) => {
  const { room, pass, enter } = roomWithClock();
  const ann = enter('Ann');
  for (let count = 1; count <= 130; count++) {
    pass(3);
    t.ok(room.say(ann.visitor, `number ${count}`));
  }
  const { messages } = enter().told[0] as { messages: { text: string; id: number }[] };
  t.equal(messages.length, 100);
  t.equal(messages[0]?.text, 'number 31');
  t.equal(messages[99]?.id, 130);
});

t.test('what is refused costs its pace: nobody has texts read faster than they could be said', async (t) => {
  const { room, enter } = roomWithClock();
  const ann = enter('Ann');
  const tooLong = 'x'.repeat(301);
  for (let count = 0; count < 10; count++) t.notOk(room.say(ann.visitor, tooLong));
  const reasons = ann.told.filter(({ type }) => type === 'refused').map(({ reason }) => reason);
  t.strictSame(reasons, ['text', 'text', 'text', 'text', ...Array<string>(6).fill('too-fast')], 'taking a name was the first of five acts');
});

t.test('who writes too fast is told how long to wait, and may then go on', async (t) => {
  const { room, pass, enter } = roomWithClock();
  const ann = enter('Ann');
  for (let count = 0; count < 4; count++) t.ok(room.say(ann.visitor, 'Hi'));
  t.notOk(room.say(ann.visitor, 'Hi'));
  t.strictSame(ann.last('refused'), { type: 'refused', reason: 'too-fast', message: 'Not so fast: wait 3 seconds.', waitSeconds: 3 });
  pass(3);
  t.ok(room.say(ann.visitor, 'Hi'));
});

t.test('a room full of people says no more than can be read', async (t) => {
  const { room, pass, enter } = roomWithClock();
  const people = Array.from({ length: 60 }, (_, index) => enter(`Guest ${index}`));
  t.equal(people.filter(({ visitor }) => room.say(visitor, 'Hello')).length, 40);
  pass(1);
  t.equal(people.filter(({ visitor }) => room.say(visitor, 'Hello')).length, 10);
});

t.test('nobody can look like the publisher, who alone is marked', async (t) => {
  const { room, enter } = roomWithClock();
  t.match(enter('CAM').last('refused'), { reason: 'name' });
  const early = enter('Marie');
  t.match(early.last('joined'), { name: 'Marie', publisher: false });
  const publisher = enter('Marie', { publisher: true });
  t.match(publisher.last('joined'), { publisher: true });
  t.match(enter('Mаriе').last('refused'), { reason: 'name' }, 'with Cyrillic letters');
  t.notOk(room.say(early.visitor, 'I am Marie'), 'also not who had the name before');
  t.match(early.last('refused'), { reason: 'name' });
  room.say(publisher.visitor, 'I am');
  t.match(early.last('message'), { name: 'Marie', publisher: true, text: 'I am' });
});

t.test('only the publisher deletes, for everybody and for the history', async (t) => {
  const { room, enter } = roomWithClock();
  const [ann, ben, publisher] = [enter('Ann'), enter('Ben'), enter('Host', { publisher: true })];
  room.say(ann.visitor, 'rude');
  room.delete(ben.visitor, 1);
  t.match(ben.last('refused'), { reason: 'not-publisher' });
  t.equal(ann.last('deleted'), undefined);
  room.delete(publisher.visitor, 1);
  t.strictSame(ben.last('deleted'), { type: 'deleted', id: 1 });
  t.strictSame(enter().told[0]?.messages, []);
  room.delete(publisher.visitor, 2);
  t.match(publisher.last('refused'), { reason: 'gone' });
});

t.test('who is muted is told, stays so over new connections, and others of that address who were here go on', async (t) => {
  const { room, enter } = roomWithClock();
  const [ann, ben, publisher] = [enter('Ann'), enter('Ben'), enter('Host', { publisher: true })];
  const person = String(ann.last('joined')?.person);
  room.mute(ben.visitor, person);
  t.match(ben.last('refused'), { reason: 'not-publisher' });
  room.mute(publisher.visitor, person);
  t.match(ann.last('muted'), { muted: true });
  t.strictSame(publisher.last('mutes'), { type: 'mutes', people: [{ person, name: 'Ann' }] });
  t.notOk(room.say(ann.visitor, 'still here'));
  t.match(ann.last('refused'), { reason: 'muted' });
  t.ok(room.say(ben.visitor, 'Hi'));

  const again = enter('Innocent');
  t.match(again.last('muted'), { muted: true }, 'a new connection from the same address');
  t.notOk(room.say(again.visitor, 'hello'));
  const reconnected = enter('Innocent', { token: String(again.last('joined')?.token), address: 'a' });
  t.notOk(room.say(reconnected.visitor, 'hello'), 'a token of after the mute helps nobody');
  t.ok(room.say(enter('Ben', { token: String(ben.last('joined')?.token) }).visitor, 'back'), 'a token of before it does');
  t.notOk(room.say(enter('Ann', { token: String(ann.last('joined')?.token), address: 'elsewhere' }).visitor, 'back'));
  t.ok(room.say(enter('Cid', { address: 'elsewhere' }).visitor, 'Hi'));

  room.unmute(publisher.visitor, person);
  t.match(ann.last('muted'), { muted: false });
  t.match(again.last('muted'), { muted: false });
  t.strictSame(publisher.last('mutes'), { type: 'mutes', people: [] });
  t.ok(room.say(ann.visitor, 'sorry'));
});

t.test('who said something and left can be muted; a publisher cannot', async (t) => {
  const { room, enter } = roomWithClock();
  const [ann, publisher] = [enter('Ann'), enter('Host', { publisher: true })];
  room.say(ann.visitor, 'rude');
  room.leave(ann.visitor);
  room.mute(publisher.visitor, String(ann.last('joined')?.person));
  t.match(enter('Ann').last('muted'), { muted: true });
  room.mute(publisher.visitor, String(publisher.last('joined')?.person));
  t.match(publisher.last('refused'), { reason: 'gone' });
  room.mute(publisher.visitor, 'nobody');
  t.match(publisher.last('refused'), { reason: 'gone' });
});

t.test('a connection that does not read is dropped, and the others go on', async (t) => {
  const { room, enter } = roomWithClock();
  const [ann, slow] = [enter('Ann'), enter('Slow')];
  slow.backlogBytes = 300_000;
  room.say(ann.visitor, 'Hi');
  t.equal(slow.left, 'dropped');
  t.equal(slow.last('message'), undefined);
  t.match(ann.last('message'), { text: 'Hi' });
  t.equal(room.count, 1);
});

t.test('a room closes with its broadcast and lets go of everything', async (t) => {
  const { room, enter } = roomWithClock();
  const ann = enter('Ann');
  room.say(ann.visitor, 'Hi');
  room.end();
  room.end();
  t.equal(ann.told.filter(({ type }) => type === 'ended').length, 1);
  t.equal(ann.left, 'ended');
  t.equal(room.count, 0);
  const late = enter();
  t.strictSame(late.told, [{ type: 'ended' }]);
  t.throws(() => room.requireRoom(), { code: 'not-found' });
});

t.test('mutes are bounded, and identities can’t be made up', async (t) => {
  const people = new ChatPeople();
  for (let count = 0; count < 300; count++) people.mute({ person: `p${count}`, name: 'x' }, `address ${count}`);
  t.equal(people.muted.length, 200);
  const identity = people.identify(undefined);
  t.strictSame(people.identify(people.token(identity)), identity);
  const [person, since, signature] = people.token(identity).split('.');
  for (const forged of [`${person}x.${since}.${signature}`, `${person}.0.${signature}`, `${person}.${since}.`, 'x', '..', `${person}.${since}.é${signature}`]) {
    t.not(people.identify(forged).person, person, forged);
  }
});

t.test('a pace fills up again evenly', async (t) => {
  let nowMs = 0;
  const pace = new TokenBucket({ burst: 2, perMinute: 6, now: () => nowMs });
  pace.spend();
  pace.spend();
  t.equal(pace.waitSeconds, 10);
  nowMs = 9999;
  t.equal(pace.waitSeconds, 1);
  nowMs = 10_000;
  t.equal(pace.waitSeconds, 0);
  nowMs = 1e9;
  pace.spend();
  t.equal(pace.waitSeconds, 0);
  pace.spend();
  t.equal(pace.waitSeconds, 10);
});

t.test('where the broadcast goes on at another server, all come again, also who comes a moment late; nothing is said to be over', async (t) => {
  const { room, enter } = roomWithClock();
  const early = enter('Ada');
  room.moveAway();
  const late = enter(undefined);
  for (const { left, told } of [early, late]) {
    t.equal(left, 'moved away');
    t.notOk(told.some(({ type }) => type === 'ended'));
  }
});
