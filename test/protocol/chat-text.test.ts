import t from 'tap';
import { parseChatMessage, parseChatRequest } from '../../src/protocol/chat-messages.js';
import { likenessOf, readChatName, readChatText } from '../../src/protocol/chat-text.js';

t.test('what is not seen is left out of a name, and what is seen stays', async (t) => {
  const names: readonly (readonly [string, string])[] = [
    ['  Ann   Lee ', 'Ann Lee'],
    ['Ann\u202Eeel\u202C', 'Anneel'],
    ['A\u200Bn\u200Cn\u200D\uFEFF\u2060', 'Ann'],
    ['Ann\u0000\u0007\nLee\u2028!', 'Ann Lee !'],
    ['\u3164Ann\u115F\u00AD\u{E0041}\uE000\uFFFF', 'Ann'],
    ['Ann\uD800', 'Ann'],
    ['Zoë', 'Zoë'],
    ['Zoe\u0308', 'Zoë'],
    ['李小龍', '李小龍'],
    ['محمد', 'محمد'],
    ['👩‍👩‍👧 👍🏽 ❤️', '👩‍👩‍👧 👍🏽 ❤️'],
    [`Z${'\u0335'.repeat(40)}o`, `Z${'\u0335'.repeat(4)}o`],
    ['<b>Ann</b>', '<b>Ann</b>'],
    ['x'.repeat(32), 'x'.repeat(32)],
    ['💥'.repeat(32), '💥'.repeat(32)],
  ];
  for (const [came, seen] of names) t.equal(readChatName(came), seen, codePoints(came));
});

t.test('a name or message of which nothing is seen, or too much, is refused in words', async (t) => {
  for (const nothing of ['', ' \t\n', '\u200B\u200D\u202E', '\u3164', '\u2800 \u2800', '\uFE0F\u0301']) {
    t.throws(() => readChatName(nothing), new TypeError('expected a name of 1 to 32 visible characters, got none'), codePoints(nothing));
    t.throws(() => readChatText(nothing), TypeError);
  }
  t.throws(() => readChatName('x'.repeat(33)), new TypeError('expected a name of 1 to 32 characters, got 33'));
  t.equal(readChatText('x'.repeat(300)).length, 300);
  t.throws(() => readChatText('x'.repeat(301)), new TypeError('expected a message of 1 to 300 characters, got 301'));
});

t.test('a text of many times its length is refused by its length alone, and what is left out of one may be as long as the rest', async (t) => {
  t.throws(() => readChatText('\u0315'.repeat(1201)), new TypeError('expected a message of 1 to 300 characters, got more than 1200'));
  t.throws(() => readChatName('\u0315'.repeat(129)), new TypeError('expected a name of 1 to 32 characters, got more than 128'));
  t.equal(readChatText(`${'a\u200B'.repeat(300)}${'\u200B'.repeat(600)}`), 'a'.repeat(300));
  t.equal(readChatText('\u{1F469}'.repeat(300)), '\u{1F469}'.repeat(300));
});

t.test('letters with as many marks as scripts need keep them, composed or not', async (t) => {
  t.equal(readChatText('a\u0323\u0302\u0301\u0335'.repeat(4)), 'a\u0323\u0302\u0301\u0335'.normalize('NFC').repeat(4));
  t.equal(readChatText('\u05E9\u05C1\u05B8\u05BC\u0596'), '\u05E9\u05C1\u05B8\u05BC\u0596'.normalize('NFC'));
});

t.test('a message keeps the joiners that its script needs, and no others', async (t) => {
  t.equal(readChatText('می\u200Cخواهم'), 'می\u200Cخواهم');
  t.equal(readChatText('क्\u200Dष'), 'क्\u200Dष');
  t.equal(readChatText('a\u200D\u200D\u200D b \u200Bc'), 'a b c');
  t.equal(readChatText('1️⃣ ok'), '1️⃣ ok');
  t.equal(readChatText('tick \uFE0F tock'), 'tick tock');
});

t.test('names that can be taken for each other have one likeness', async (t) => {
  for (const name of ['Morning-Show', 'MORNING SHOW', 'Мorning Show', 'm0rning shоw', 'ｍｏｒｎｉｎｇ ｓｈｏｗ', 'mórning show', '𝓶𝓸𝓻𝓷𝓲𝓷𝓰show']) t.equal(likenessOf(name), likenessOf('morning_show'), name);
  t.equal(likenessOf('Pau1'), likenessOf('Paul'));
  t.not(likenessOf('Ann'), likenessOf('Anne'));
  t.not(likenessOf('🐙'), likenessOf('🦑'));
});

t.test('messages are what they should be, or nothing of them is told', async (t) => {
  t.strictSame(parseChatRequest('{"type":"join","name":"Ann","more":1}'), { type: 'join', name: 'Ann' });
  t.strictSame(parseChatRequest('{"type":"mute","person":"p"}'), { type: 'mute', person: 'p' });
  for (const wrong of ['', 'secret', '[]', 'null', '{"type":"secret"}', '{"type":"join"}', '{"type":"join","name":"a","key":7}', '{"type":"message","text":{"secret":1}}', '{"type":"delete","id":"secret"}', '{"type":"delete","id":1e999}']) {
    t.throws(() => parseChatRequest(wrong), TypeError, wrong);
    try {
      parseChatRequest(wrong);
    } catch (error) {
      t.notMatch((error as Error).message, /secret/);
    }
  }
  t.equal(parseChatMessage('{"type":"of tomorrow"}'), undefined);
  t.throws(() => parseChatMessage('{"type":"message","id":1}'), TypeError);
  const entry = { id: 1, person: 'p', name: 'Ann', publisher: false, text: 'Hi', sentAtMs: 5 };
  t.strictSame(parseChatMessage(JSON.stringify({ type: 'history', broadcast: 'b', messages: [entry] })), { type: 'history', broadcast: 'b', messages: [entry] });
});

/** Names of tests go through a protocol of lines. */
function codePoints(text: string): string {
  return Array.from(text, (character) => character.codePointAt(0)?.toString(16)).join(' ').slice(0, 80);
}
