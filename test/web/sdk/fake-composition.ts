import type { CompositionParts } from '../../../src/web/sdk/publishing/composition/composition-parts.js';
import type { Drawing } from '../../../src/web/sdk/publishing/composition/compositor.js';
import { FakeTrack } from './fake-media.js';

interface FakeDrawer {
  readonly shown: Drawing[];
  /** Labels of the tracks whose pictures it takes. */
  readonly taken: Record<string, string>;
  readonly track: FakeTrack;
  readonly draw: () => void;
  /** Its worker died. */
  readonly die: () => void;
  readonly onThePage: boolean;
}

/** A drawer that draws at once, or when the test says so, and a mixer whose levels can be looked at. */
export class FakeCompositionParts {
  readonly drawers: FakeDrawer[] = [];
  levels: Record<string, number> = {};
  failure: Error | undefined;
  isSlow = false;

  /** The tracks that are not stopped. */
  get open(): string[] {
    return this.drawers.map(({ track }) => track).filter(({ readyState }) => readyState === 'live').map(({ label }) => label);
  }

  get last(): FakeDrawer | undefined {
    return this.drawers.at(-1);
  }

  /** What every drawer was told last is drawn. */
  draw(): void {
    for (const { draw } of this.drawers) draw();
  }

  readonly parts: CompositionParts = {
    openDrawer: ({ onDrawn, onLost, onThePage }) => {
      if (this.failure !== undefined) return Promise.reject(this.failure);
      const track = new FakeTrack('video', { label: `composed ${String(this.drawers.length + 1)}` });
      const shown: Drawing[] = [];
      const taken: Record<string, string> = {};
      const draw = (): void => {
        const last = shown.at(-1);
        if (last !== undefined && track.readyState === 'live' && !isDead) onDrawn(last.version);
      };
      let isDead = false;
      const die = (): void => {
        isDead = true;
        onLost();
      };
      this.drawers.push({ shown, taken, track, draw, die, onThePage });
      return Promise.resolve({
        track: track as unknown as MediaStreamTrack,
        take: (name, given) => {
          if (given === undefined) Reflect.deleteProperty(taken, name);
          else taken[name] = given.label;
        },
        show: (drawing) => {
          shown.push(drawing);
          if (!this.isSlow) queueMicrotask(draw);
        },
        close: () => track.stop(),
      });
    },
    openMixer: () => {
      const track = new FakeTrack('audio', { label: 'mix' });
      return {
        track: track as unknown as MediaStreamTrack,
        use: (tracks, levelOf) => (this.levels = Object.fromEntries(tracks.map((each) => [each.label, levelOf?.(each) ?? 1]))),
        resume: () => Promise.resolve(),
        close: () => track.stop(),
      };
    },
  };
}
