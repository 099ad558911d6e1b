import t, { type Test } from 'tap';
import { text } from 'node:stream/consumers';
import type { WholeSegment } from '../../src/hls/whole-segment.js';
import { BroadcastRecording } from '../../src/live/broadcast-recording.js';
import { RecordedChat, type ChatFile, type RecordedMessage } from '../../src/live/recorded-chat.js';
import type { Recordings } from '../../src/live/recordings.js';
import type { ChatEntry } from '../../src/protocol/chat-messages.js';
import { openRecordings, recordedInit, wholeSegments } from './kept-recordings.js';

const entry = (id: number, sentAtMs: number, words = `message ${id}`): ChatEntry => ({ id, person: 'p', name: 'Ann', publisher: false, text: words, sentAtMs });

async function chatOf(recordings: Recordings, id: string): Promise<RecordedMessage[]> {
  const said = await recordings.openChat(id);
  return said ? (await text(said)).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedMessage) : [];
}

function recordingOf(recordings: Recordings): BroadcastRecording {
  return new BroadcastRecording({ recordings, stream: 'cam', broadcast: 'run', describe: () => ({}), onGap: () => undefined, renditions: true, longestSeconds: 3600 });
}

async function openRecorded(t: Test): Promise<{ recordings: Recordings; recording: BroadcastRecording; segments: WholeSegment[] }> {
  const recordings = await openRecordings(t);
  recordings.wish('cam', { record: true });
  return { recordings, recording: recordingOf(recordings), segments: wholeSegments(6) };
}

const endMs = ({ programDateTimeMs, durationSeconds }: WholeSegment): number => programDateTimeMs + durationSeconds * 1000;

t.test('what is said is kept at its time in the recording, in the order in which it was said', async (t) => {
  const { recordings, recording, segments } = await openRecorded(t);
  recording.said(entry(1, 0, 'before it began'));
  for (const [index, segment] of segments.entries()) {
    recording.segment(segment, recordedInit, 2);
    recording.said(entry(index + 2, endMs(segment) + 500));
  }
  recording.said(entry(100, endMs(segments[5]!) + 3_600_000, 'while the source pauses'));
  await recording.end();
  const said = await chatOf(recordings, recording.id!);
  t.strictSame(said.map(({ id, atSeconds }) => `${id} at ${atSeconds}`), ['2 at 2.5', '3 at 4.5', '4 at 6.5', '5 at 8.5', '6 at 10.5', '7 at 12.5', '100 at 16']);
  t.match(said[0], { name: 'Ann', text: 'message 2', publisher: false, sentAtMs: endMs(segments[0]!) + 500 });
});

t.test('what the publisher deletes is nowhere on the disk, also in a recording of the same broadcast that is over; who has the key deletes later', async (t) => {
  const { recordings, recording, segments } = await openRecorded(t);
  recording.segment(segments[0]!, recordedInit, 2);
  for (const id of [1, 2, 3]) recording.said(entry(id, 0));
  recording.deleted(2);
  recordings.wish('cam', { record: false });
  recording.segment(segments[1]!, recordedInit, 2);
  const first = recording.id!;
  recordings.wish('cam', { record: true });
  recording.segment(segments[2]!, recordedInit, 2);
  t.not(recording.id, first);
  recording.said(entry(4, 0));
  recording.deleted(3);
  await recording.end();
  const ids = async (of: string): Promise<number[]> => (await chatOf(recordings, of)).map(({ id }) => id);
  t.strictSame([await ids(first), await ids(recording.id!)], [[1], [4]]);
  await Promise.all([recordings.deleteMessage(first, 1), t.rejects(recordings.deleteMessage(first, 7), { code: 'not-found' })]);
  t.strictSame(await ids(first), []);
});

t.test('two that are deleted at once are both gone, and a message that is said meanwhile stays', async (t) => {
  const { recordings, recording, segments } = await openRecorded(t);
  recording.segment(segments[0]!, recordedInit, 2);
  for (let id = 1; id <= 20; id++) recording.said(entry(id, 0));
  const deleted = [3, 7, 11].map((id) => recordings.deleteMessage(recording.id!, id));
  recording.said(entry(21, 0));
  await Promise.all(deleted);
  await recording.end();
  t.strictSame((await chatOf(recordings, recording.id!)).map(({ id }) => id), Array.from({ length: 21 }, (_none, index) => index + 1).filter((id) => ![3, 7, 11].includes(id)));
});

t.test('a chat is bounded, a disk that hangs or fails holds up nobody, and each is told once', async (t) => {
  const failures: string[] = [];
  const kept: string[] = [];
  const file = (append: ChatFile['append']): ChatFile => ({ append, read: async () => kept.join(''), replace: async () => undefined });
  const onFailure = ({ message }: Error): void => void failures.push(message);
  const long = new RecordedChat({ file: file(async (line) => void kept.push(line)), onFailure });
  for (let round = 0; round < 10; round++) {
    for (let id = 0; id < 900; id++) long.say({ ...entry(id, 0, 'x'.repeat(1000)), atSeconds: 0 });
    await long.settled();
  }
  const bytes = kept.reduce((sum, line) => sum + line.length, 0);
  t.ok(bytes <= 4_194_304 && bytes > 4_000_000, `${bytes} bytes`);
  const hung = new RecordedChat({ file: file(() => new Promise(() => undefined)), onFailure });
  for (let id = 0; id < 3000; id++) hung.say({ ...entry(id, 0), atSeconds: 0 });
  await t.rejects(hung.delete(1), /does not keep up/);
  const full = new RecordedChat({ file: file(() => Promise.reject(new Error('no space left'))), onFailure });
  for (let id = 0; id < 30; id++) full.say({ ...entry(id, 0), atSeconds: 0 });
  await full.settled();
  t.strictSame(failures, ['4194304 bytes of chat are kept, and no more', 'the disk does not keep up', 'no space left']);
});
