import t from 'tap';
import { errorCodeOfClose, errorCodes } from '../../src/protocol/error-codes.js';
import { parsePublisherMessage } from '../../src/protocol/ingest-messages.js';
import { isStreamName, liveStreamUrls } from '../../src/protocol/urls.js';

t.test('every failure has a status and a close code of its own, as the contract lists them', async (t) => {
  const contract = { malformed: [400, 4400], unauthorized: [401, 4401], 'already-live': [409, 4409], 'over-limit': [413, 4413], 'unsupported-media': [415, 4415], unavailable: [503, 4503] } as const;
  for (const [code, [httpStatus, closeCode]] of Object.entries(contract)) t.match(errorCodes[code as keyof typeof contract], { httpStatus, closeCode });
  const closeCodes = Object.values(errorCodes).map(({ closeCode }) => closeCode);
  t.equal(new Set(closeCodes).size, closeCodes.length);
  for (const [code, { closeCode }] of Object.entries(errorCodes)) t.equal(errorCodeOfClose(closeCode), code);
  t.equal(errorCodeOfClose(1000), undefined);
});

t.test('a stream name is 1 to 64 letters, digits, "-" or "_"', async (t) => {
  for (const name of ['a', 'A-b_9', '_', 'x'.repeat(64)]) t.ok(isStreamName(name), name);
  for (const name of ['', 'x'.repeat(65), 'a b', 'a.b', '../a', 'a/b', 'a\n', 'ü', '%61', 'a\0']) t.notOk(isStreamName(name), JSON.stringify(name));
});

t.test('addresses keep the scheme of the page they were asked from', async (t) => {
  t.match(liveStreamUrls('http://host:8080', 'cam'), { hls: 'http://host:8080/live/cam/index.m3u8', play: 'ws://host:8080/live/cam/play', publish: 'ws://host:8080/live/cam/publish' });
  t.match(liveStreamUrls('https://host', 'cam'), { watch: 'https://host/watch/cam', play: 'wss://host/live/cam/play' });
});

t.test('a publisher may end, or begin a recording; everything else is refused in words', async (t) => {
  t.strictSame(parsePublisherMessage('{"type":"end","more":1}'), { type: 'end' });
  t.strictSame(parsePublisherMessage('{"type":"recording"}'), { type: 'recording' });
  t.strictSame(parsePublisherMessage('{"type":"recording","mimeType":"video/webm"}'), { type: 'recording', mimeType: 'video/webm' });
  t.match(parsePublisherMessage('{"type":"describe","title":"Harbour"}'), { type: 'describe', title: 'Harbour' });
  t.strictSame(parsePublisherMessage('{"type":"recording","reason":"size"}'), { type: 'recording', reason: 'size' });
  for (const [text, message] of [
    ['{', 'expected JSON, got {'],
    ['null', 'expected a JSON object with a "type", got null'],
    ['[]', 'expected a JSON object with a "type", got []'],
    ['{"type":"describe","title":["x"]}', 'expected "title" to be a string, got ["x"]'],
    ['{"type":"recording","mimeType":7}', 'expected "mimeType" to be a string, got 7'],
    ['{"type":"recording","reason":"whim"}', 'expected "reason" to be "source", "quality" or "size", got "whim"'],
    [`"${'x'.repeat(200)}"`, `expected a JSON object with a "type", got "${'x'.repeat(79)}…`],
  ] as const) {
    t.throws(() => parsePublisherMessage(text), new TypeError(message), text.slice(0, 40));
  }
  t.throws(() => parsePublisherMessage('{"type":"start"}'), { name: 'TypeError', message: /^expected "type" to be "end", .* got "start"$/ });
});

t.test('what is too long for any message is refused unread, and says where media belongs', async (t) => {
  t.throws(() => parsePublisherMessage('['.repeat(65_537)), new TypeError('expected a message of at most 65536 characters, got 65537; media is sent in binary messages: socket.send(event.data)'));
  const mimeType = 'x'.repeat(65_000);
  t.strictSame(parsePublisherMessage(JSON.stringify({ type: 'recording', mimeType })), { type: 'recording', mimeType });
});
