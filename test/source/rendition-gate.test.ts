import t from 'tap';
import { RenditionGate, type ArrivingFrame } from '../../src/source/rendition-gate.js';
import { TrackShaper } from '../../src/source/track-shaper.js';
import { seeded } from './fixture.js';

const shaper = new TrackShaper({ id: 1, kind: 'video', codec: 'vp8' });
const soundTrack = 9;
const at = (track: number, timeSeconds: number, keyframe = false, changed = false): ArrivingFrame => {
  const kind = track === soundTrack ? 'audio' : 'video';
  return { shaper, changed, frame: { track, kind, timeSeconds, decodeSeconds: timeSeconds, keyframe: keyframe || kind === 'audio', bytes: new Uint8Array(1) } };
};
const names = (frames: readonly ArrivingFrame[]): string[] => frames.map(({ frame, changed }) => `${frame.track}@${frame.timeSeconds}${frame.keyframe && frame.kind === 'video' ? 'K' : ''}${changed ? '!' : ''}`);
const pass = (gate: RenditionGate, frames: readonly ArrivingFrame[]): string[] => names([...frames.flatMap((each) => gate.push(each)), ...gate.flush()]);

t.test("at each keyframe the lead's goes on first, whichever comes first, and what belongs to the group before goes before it", async (t) => {
  const gate = new RenditionGate(1, [2, 3]);
  const given = [at(2, 1, true), at(soundTrack, 0.98), at(1, 0.96), at(soundTrack, 1.01), at(1, 1, true), at(3, 0.96), at(1, 1.04), at(3, 1, true), at(2, 1.04)];
  t.strictSame(pass(gate, given), ['9@0.98', '1@0.96', '3@0.96', '1@1K', '2@1K', '3@1K', '9@1.01', '1@1.04', '2@1.04']);
  t.strictSame(gate.takeLeftOut(), []);
});

t.test('one whose keyframe is elsewhere, or that goes on without one, or gives nothing, is left out from there on, and the lead begins anew', async (t) => {
  const lead = [at(1, 1, true), at(1, 1.04), at(1, 1.3), at(1, 1.6)];
  for (const [what, frames] of [['a keyframe elsewhere', [at(2, 1.1, true)]], ['none', [at(2, 1.04)]], ['nothing', []]] as const) {
    const gate = new RenditionGate(1, [2]);
    t.strictSame(pass(gate, [...lead.slice(0, 1), ...frames, ...lead.slice(1), at(2, 2, true)]), ['1@1K!', '1@1.04', '1@1.3', '1@1.6'], what);
    t.strictSame(gate.takeLeftOut(), [2], what);
    t.strictSame(gate.takeLeftOut(), [], `${what}: told once`);
  }
  const early = new RenditionGate(1, [2]);
  t.strictSame(pass(early, [at(2, 1, true), at(1, 1.04), at(1, 1.6), at(2, 1.04)]), ['1@1.04', '1@1.6'], "a keyframe where the lead has none");
  t.strictSame(early.takeLeftOut(), [2]);
});

t.test('another configuration of any of them is one of the lead, so that all begin anew together', async (t) => {
  t.strictSame(pass(new RenditionGate(1, [2]), [at(1, 1, true), at(2, 1, true, true)]), ['1@1K!', '2@1K!']);
});

t.test('what waits is bounded, in frames and in bytes: who is not there by then is left out', async (t) => {
  const large = (track: number, timeSeconds: number): ArrivingFrame => ({ ...at(track, timeSeconds), frame: { ...at(track, timeSeconds).frame, bytes: new Uint8Array(1024 * 1024) } });
  for (const [what, make, most] of [['frames', at, 150], ['bytes', large, 8]] as const) {
    const gate = new RenditionGate(1, [2]);
    gate.push(at(1, 1, true));
    let waiting = 0;
    // A clock that stands still never comes to the end of what is waited for.
    while (gate.push(make(1, 1)).length === 0) waiting++;
    t.ok(waiting >= most - 1 && waiting <= most + 1, `${waiting} ${what}`);
    t.strictSame(gate.takeLeftOut(), [2], what);
  }
});

t.test('whatever the order in which tracks that are in step come, each frame goes on once and none is left out', async (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seeded(seed);
    const queues = [1, 2, 3, soundTrack].map((track) => Array.from({ length: 60 }, (_, index) => at(track, index / 10, index % 10 === 0)));
    const given: ArrivingFrame[] = [];
    // No track is ahead of another by more than is waited for.
    while (queues.some(({ length }) => length > 0)) {
      const earliest = Math.min(...queues.flatMap(([first]) => first?.frame.timeSeconds ?? []));
      const near = queues.filter(([first]) => first && first.frame.timeSeconds < earliest + 0.35);
      given.push(...(near[Math.floor(random() * near.length)]?.splice(0, 1) ?? []));
    }
    const gate = new RenditionGate(1, [2, 3]);
    const out = pass(gate, given);
    t.strictSame([...out].sort(), names(given).sort(), `seed ${seed}`);
    t.strictSame(gate.takeLeftOut(), [], `seed ${seed}`);
    for (const track of [1, 2, 3]) {
      const own = out.filter((name) => name.startsWith(`${track}@`));
      t.strictSame(own, names(given.filter(({ frame }) => frame.track === track)), `seed ${seed}: in order`);
    }
    const keyframes = out.filter((name) => name.endsWith('K'));
    t.ok(keyframes.every((name, index) => index % 3 !== 0 || name.startsWith('1@')), `seed ${seed}: ${keyframes.join(' ')}`);
  }
});
