import type { CaptureDevices } from '../../../src/web/sdk/publishing/capture-devices.js';
import { FakeTrack, mediaOf } from './fake-media.js';

/** One question to the browser for a camera, a microphone or a screen, which the test answers. */
export interface Request {
  readonly kinds: readonly string[];
  readonly constraints: MediaStreamConstraints;
  /** The devices open; nothing when it was answered before. */
  give(): FakeTrack[];
  refuse(name: string): void;
}

interface Device {
  readonly kind: 'videoinput' | 'audioinput';
  readonly deviceId: string;
}

/** Devices that open when the test says so, vanish and come back. */
export class FakeDevices {
  readonly requests: Request[] = [];
  /** Every track that was ever given. */
  readonly tracks: FakeTrack[] = [];
  plugged: Device[] = [
    { kind: 'videoinput', deviceId: 'webcam' },
    { kind: 'audioinput', deviceId: 'headset' },
  ];
  readonly mixed: (readonly FakeTrack[])[] = [];
  #onChange: () => void = () => undefined;

  get live(): string[] {
    return this.tracks.filter(({ readyState }) => readyState === 'live').map(({ label }) => label);
  }

  get last(): Request {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('expected somebody to ask for a device, nobody did');
    return last;
  }

  plug(...devices: readonly Device[]): void {
    this.plugged = [...devices];
    this.#onChange();
  }

  readonly parts: CaptureDevices = {
    getUserMedia: (constraints) => this.#ask(constraints, [...(isWanted(constraints.video) ? ['camera'] : []), ...(isWanted(constraints.audio) ? ['microphone'] : [])]),
    getDisplayMedia: (options) => this.#ask(options, ['screen', 'screen sound']),
    enumerateDevices: () => Promise.resolve(this.plugged),
    watchDevices: (onChange) => {
      this.#onChange = onChange;
      return () => (this.#onChange = () => undefined);
    },
    openMixer: () => {
      const track = new FakeTrack('audio', { label: 'mix' });
      return {
        track: track as unknown as MediaStreamTrack,
        use: (tracks) => this.mixed.push(tracks as unknown as FakeTrack[]),
        resume: () => Promise.resolve(),
        close: () => track.stop(),
      };
    },
  };

  #ask(constraints: MediaStreamConstraints, kinds: readonly string[]): Promise<MediaStream> {
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      this.requests.push({
        kinds,
        constraints,
        give: () => {
          if (isAnswered) return [];
          isAnswered = true;
          const tracks = kinds.map((kind) => this.#track(kind, constraints));
          resolve(mediaOf(...tracks));
          return tracks;
        },
        refuse: (name) => {
          isAnswered = true;
          reject(new DOMException('', name));
        },
      });
    });
  }

  #track(kind: string, { video, audio }: MediaStreamConstraints): FakeTrack {
    const asked = kind === 'camera' ? video : audio;
    const wanted = typeof asked === 'object' ? (asked.deviceId as ConstrainDOMStringParameters | undefined)?.exact : undefined;
    const fallback = this.plugged.find((device) => device.kind === (kind === 'camera' ? 'videoinput' : 'audioinput'))?.deviceId ?? kind;
    const deviceId = String(wanted ?? fallback);
    const isPicture = kind === 'camera' || kind === 'screen';
    const track = new FakeTrack(isPicture ? 'video' : 'audio', kind.startsWith('screen') ? { label: kind, displaySurface: 'monitor' } : { label: deviceId, deviceId });
    this.tracks.push(track);
    return track;
  }
}

function isWanted(constraint: MediaTrackConstraints | boolean | undefined): boolean {
  return constraint !== undefined && constraint !== false;
}
