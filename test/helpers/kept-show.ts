import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { InitSegment } from '../../src/fmp4/init-segment.js';
import { Packager } from '../../src/hls/packager.js';
import { Presentation } from '../../src/hls/presentation.js';
import { BroadcastClock } from '../../src/live/broadcast-clock.js';
import { RecordWishes } from '../../src/live/record-wishes.js';
import { Recordings } from '../../src/live/recordings.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { record } from './numbered-recording.js';
import { waitUntil } from './programs.js';

/** What a publisher sent between two restarts. */
export interface ShowPiece {
  readonly seconds: number;
  readonly width?: number;
  readonly height?: number;
  /** Numbers of segments, counted in the piece, that the disk did not take. */
  readonly missing?: readonly number[];
}

export interface KeptShow {
  readonly stream: string;
  readonly title?: string;
  readonly startedAtMs?: number;
  readonly pieces: readonly ShowPiece[];
  /** Said so many seconds after the beginning. */
  readonly chat?: readonly { readonly name: string; readonly text: string; readonly atSeconds: number }[];
}

const rate = 25;
const wayOut = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'main', '-pix_fmt', 'yuv420p', '-b:v', '400k', '-g', String(rate), '-sc_threshold', '0', '-x264-params', 'repeat-headers=1', '-c:a', 'aac', '-b:a', '64k'];
/** As the server has its own ffmpeg write. */
const fragmented = ['-movflags', 'empty_moov+default_base_moof+skip_trailer+frag_discont', '-frag_duration', '1', '-use_editlist', '0', '-f', 'mp4'];

/**
 * Keeps a recording of numbered pictures, 25 a second, in a folder of recordings, packaged and recorded as a broadcast's is, and much faster than
 * time. Numbers go on from one piece to the next, so that the picture at a time has the number 25 × that time. A server lists it from its start on.
 * @returns the id of the recording
 */
export async function keepShow(directory: string, { stream, title, startedAtMs = Date.now() - 3_600_000, pieces, chat = [] }: KeptShow): Promise<string> {
  const wishes = new RecordWishes({ file: undefined, byDefault: true, onFailure: () => undefined });
  const recordings = new Recordings({ directory, turns: new Semaphore(4), wishes, maxAgeDays: 0, maxBytes: 0 });
  const startedAt = new Date(startedAtMs).toISOString();
  const begun = recordings.begin({ stream, broadcast: 'kept', startedAt, targetDurationSeconds: 2 }, title === undefined ? {} : { title }, () => undefined);
  let missing: readonly number[] = [];
  let inPiece = 0;
  let segments = 0;
  const seconds: number[] = [];
  const presentation = new Presentation({
    ...{ listedSegments: 6, broadcast: 'kept' },
    onSegment: (segment, init) => {
      if (missing.includes(inPiece++)) segment.gap = true;
      seconds.push(segment.durationSeconds);
      begun.recorder.segment(segment, init);
      segments++;
    },
  });
  const packager = new Packager({ presentation, segmentTargetSeconds: 2, partSeconds: 0.334 });
  const clock = new BroadcastClock();
  let atSeconds = 0;
  for (const piece of pieces) {
    [missing, inPiece] = [piece.missing ?? [], 0];
    const bytes = await record({ ...piece, firstNumber: atSeconds * rate }, [...wayOut, '-output_ts_offset', String(atSeconds), ...fragmented]);
    let init: InitSegment | undefined;
    for (const event of new FragmentReader().push(bytes)) {
      if (event.type === 'init') {
        init = event.init;
        // Each piece has a clock of its own.
        const zeroSeconds = clock.zeroOf({}, 0);
        clock.startTimeline([{ name: 'source', init }], zeroSeconds);
        packager.startTimeline({ init, captureTimeMs: startedAtMs + (atSeconds - zeroSeconds) * 1000 });
      } else if (init) {
        const placed = clock.place(event.fragment);
        placed?.passed();
        if (placed) packager.push(placed.fragment);
      }
    }
    packager.endTimeline();
    atSeconds += piece.seconds;
  }
  const whole = seconds.reduce((sum, each) => sum + each, 0);
  await waitUntil(`${segments} segments on the disk`, () => begun.recorder.sums.durationSeconds > whole - 0.001);
  for (const [index, said] of chat.entries()) begun.chat.say({ id: index + 1, person: `person-${index}`, publisher: false, sentAtMs: startedAtMs + said.atSeconds * 1000, ...said });
  await recordings.finish(begun.id);
  await recordings.close();
  return begun.id;
}
