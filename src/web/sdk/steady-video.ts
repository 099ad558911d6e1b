/** Chromium's insertable streams, which the standard library of types does not know yet. */
interface FrameProcessor {
  /** Of a picture track; a sound track's gives AudioData. */
  readonly readable: ReadableStream<VideoFrame>;
}
interface FrameGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
export interface InsertableStreams {
  readonly MediaStreamTrackProcessor?: new (init: { track: MediaStreamTrack }) => FrameProcessor;
  readonly MediaStreamTrackGenerator?: new (init: { kind: 'video' }) => FrameGenerator;
}

/** What of them this browser has. */
export function insertableStreams(): InsertableStreams {
  return globalThis as InsertableStreams;
}

/** Whether the track may stand still: a shared screen or a canvas gives frames only when something changes. */
export function mayStandStill(track: MediaStreamTrack): boolean {
  return track.kind === 'video' && ('displaySurface' in track.getSettings() || 'canvas' in track);
}

export interface SteadyVideo {
  readonly track: MediaStreamTrack;
  /** Call at the lowest frame rate wanted: repeats the last frame when no new one came since the last call. */
  readonly tick: () => void;
  readonly close: () => void;
}

/**
 * A copy of the track that never stands still. Chromium's recorder emits nothing, not even sound, while no frame comes;
 * undefined where the browser cannot copy frames (Firefox and Safari, whose recorders go on by themselves).
 */
export function steadyVideo(source: MediaStreamTrack): SteadyVideo | undefined {
  const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = insertableStreams();
  if (Processor === undefined || Generator === undefined) return undefined;

  const reader = new Processor({ track: source }).readable.getReader();
  const track = new Generator({ kind: 'video' });
  const writer = track.writable.getWriter();
  let last: VideoFrame | undefined;
  let fresh = false;
  let lastTimestamp = 0;
  let lastAtMs = 0;

  const write = (frame: VideoFrame): void => {
    lastTimestamp = frame.timestamp;
    lastAtMs = performance.now();
    // A rejection means that the copy was stopped: there is nobody left to tell.
    writer.write(frame).catch(() => frame.close());
  };

  const forward = async (): Promise<void> => {
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      last?.close();
      last = value;
      fresh = true;
      // A repeated frame's time was guessed from the clock: a real one must not go behind it.
      write(value.timestamp > lastTimestamp ? value.clone() : new VideoFrame(value, { timestamp: lastTimestamp + 1000 }));
    }
    track.stop();
  };
  forward().catch(() => track.stop());

  return {
    track,
    tick: () => {
      if (!fresh && last !== undefined) {
        write(new VideoFrame(last, { timestamp: lastTimestamp + Math.round((performance.now() - lastAtMs) * 1000) }));
      }
      fresh = false;
    },
    close: () => {
      last?.close();
      last = undefined;
      track.stop();
      reader.cancel().catch(() => undefined);
    },
  };
}
