/** What stands in for a kind of track that is missing: silence, or a still card. */
export interface Filler {
  readonly track: MediaStreamTrack;
  /** Call ten times a second. */
  readonly tick: () => void;
  /** Wakes it up where the browser has suspended it. */
  readonly resume: () => Promise<void>;
  readonly close: () => void;
}

export type TrackKind = 'audio' | 'video';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** @param size of a card: that of the picture before it, so that its frame stays */
export function openFiller(kind: TrackKind, size: PictureSize): Filler {
  return kind === 'audio' ? silence() : card(size);
}

function silence(): Filler {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const nothing = new ConstantSourceNode(context, { offset: 0 });
  nothing.connect(output);
  nothing.start();
  const [track] = output.stream.getAudioTracks();
  if (track === undefined) throw new TypeError('expected an audio destination with a track, got none');
  return {
    track,
    tick: () => undefined,
    resume: () => (context.state === 'suspended' ? context.resume() : Promise.resolve()),
    close: () => {
      track.stop();
      if (context.state !== 'closed') void context.close();
    },
  };
}

function card({ width, height }: PictureSize): Filler {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  const draw = (): void => {
    if (context === null) return;
    context.fillStyle = '#1b1a18';
    context.fillRect(0, 0, width, height);
    drawNoCamera(context, { width, height });
  };
  draw();
  const [track] = canvas.captureStream().getVideoTracks();
  if (track === undefined) throw new TypeError('expected a canvas with a track, got none');
  // A canvas gives a picture only when something was drawn.
  return { track, tick: draw, resume: () => Promise.resolve(), close: () => track.stop() };
}

/** A camera, struck through: understood in every language. */
function drawNoCamera(context: CanvasRenderingContext2D, { width, height }: PictureSize): void {
  const unit = Math.min(width, height) / 24;
  context.save();
  context.translate(width / 2, height / 2);
  context.fillStyle = context.strokeStyle = '#8d8a83';
  context.lineWidth = unit / 2;
  context.lineCap = context.lineJoin = 'round';
  context.strokeRect(-4 * unit, -2.2 * unit, 5.6 * unit, 4.4 * unit);
  context.beginPath();
  context.moveTo(1.6 * unit, -0.6 * unit);
  context.lineTo(4 * unit, -2 * unit);
  context.lineTo(4 * unit, 2 * unit);
  context.lineTo(1.6 * unit, 0.6 * unit);
  context.moveTo(-5 * unit, -4 * unit);
  context.lineTo(5 * unit, 4 * unit);
  context.stroke();
  context.restore();
}
