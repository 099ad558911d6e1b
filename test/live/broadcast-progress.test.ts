import t from 'tap';
import { isPublisherOf, resumeTokenHash, type BroadcastProgress } from '../../src/live/broadcast-progress.js';

const progress = (ownerKeyId?: string): BroadcastProgress => ({
  ...{ broadcast: 'one', startedAt: '2026-12-01T00:00:00Z', resumeTokenHash: resumeTokenHash('token'), ownerKeyId },
  ...{ timing: { targetDurationSeconds: 2, partTargetSeconds: 0.5 }, mediaSequence: 3, discontinuitySequence: 0, inits: 1 },
});

t.test('who goes on with what a dead server left: its token, or the key of a program where it began with that', async (t) => {
  const program = { keyId: 'key-1', seemsGoneAfterMs: 3000 };
  t.ok(isPublisherOf(progress(), { keyId: 'server', resumeToken: 'token' }));
  t.notOk(isPublisherOf(progress(), { keyId: 'server', resumeToken: 'another' }));
  t.ok(isPublisherOf(progress('key-1'), program));
  t.ok(isPublisherOf(progress('key-1'), { ...program, resumeToken: 'token' }));
  t.notOk(isPublisherOf(progress('key-1'), { ...program, resumeToken: 'another' }), 'a wrong token is made good by no key');
  t.notOk(isPublisherOf(progress('key-2'), program), 'another key');
  t.notOk(isPublisherOf(progress(), program), 'a page has its token');
  t.notOk(isPublisherOf(progress('key-1'), { keyId: 'key-1' }), 'a page that begins has none');
});
