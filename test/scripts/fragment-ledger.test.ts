import t from 'tap';

import { follows, FragmentLedger } from '../../scripts/load/fragment-ledger.js';
import { audioTrack, fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';

function message(sequence: number, startSeconds: number): Buffer {
  const bytes = fragmentBytes([
    { track: videoTrack, startSeconds, durationSeconds: 0.1, keyframe: true },
    { track: audioTrack, startSeconds, durationSeconds: 0.1, keyframe: true },
  ]);
  bytes.writeUInt32BE(sequence, 20); // mfhd's sequence_number
  return bytes;
}

t.test('fragments that follow one another are told from those with a hole between them', async (t) => {
  const ledger = new FragmentLedger();
  const [first, second, fourth] = [message(1, 0), message(2, 0.1), message(4, 0.3)].map((bytes) => ledger.read(bytes)!);
  t.ok(follows(first!.spans, second!.spans));
  t.notOk(follows(second!.spans, fourth!.spans));
  t.notOk(follows(second!.spans, first!.spans), 'nor may one come twice');
  t.equal(ledger.newest, 4);
});

t.test('an init segment is no fragment', async (t) => {
  t.equal(new FragmentLedger().read(initSegment([videoTrack])), undefined);
});
