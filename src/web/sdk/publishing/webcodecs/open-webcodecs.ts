import { OnairError } from '../../errors.js';
import type { OpenRecording } from '../../recorder.js';
import type { Quality } from '../../quality.js';
import type { WorkerSeams } from '../../worker-port.js';
import { browserWorker, EncoderHost } from './encoder-host.js';
import { ladder } from './ladder.js';
import { RenditionPolicy } from './rendition-policy.js';
import type { TrialOptions, Tried } from './trial.js';
import { WebCodecsRecorder } from './webcodecs-recorder.js';

export interface WebCodecs {
  readonly open: OpenRecording;
  /** How many renditions are made at present, with the source. */
  readonly renditions: () => number;
  /** What was found out, in words. */
  readonly why: string;
  readonly close: () => void;
}

/** What was found of a machine that does all that was wished holds as long as the page; that it was busy does not. */
const busyForMs = 60_000;
const trials = new WeakMap<WorkerSeams, Map<string, Trial>>();

interface Trial {
  readonly tried: Promise<Tried>;
  readonly goodUntilMs: Promise<number>;
}

/**
 * Opens what encodes, and tries within a second whether this machine is quick enough, unless that is known.
 * @param maxRenditions with the source
 * @throws {OnairError} unsupported-browser: why not, in words
 */
export async function openWebCodecs(quality: Quality, maxRenditions: number, seams: WorkerSeams = browserWorker): Promise<WebCodecs> {
  const host = await EncoderHost.open(seams);
  if (host === undefined) throw new OnairError('unsupported-browser', 'this page may not start a worker (its content security policy needs worker-src blob:)');
  const { renditions, profile, message } = await tryOnce(host, { quality, maxRenditions, seams });
  if (renditions === 0) {
    host.close();
    throw new OnairError('unsupported-browser', `this machine does not encode in time: ${message}`);
  }
  const policy = new RenditionPolicy(renditions);
  return { open: (options) => new WebCodecsRecorder(options, { host, policy, profile }), renditions: () => policy.made, why: message, close: () => host.close() };
}

/** Two that ask at the same time get one trial: side by side, each would find the machine half as quick. */
async function tryOnce(host: EncoderHost, { quality, maxRenditions, seams }: { readonly quality: Quality; readonly maxRenditions: number; readonly seams: WorkerSeams }): Promise<Tried> {
  const { width, height, frameRate } = quality;
  const options: TrialOptions = { width, height, frameRate, renditions: ladder({ ...quality, lines: height }, maxRenditions) };
  const key = JSON.stringify(options);
  const trialsHere = trials.get(seams) ?? new Map<string, Trial>();
  trials.set(seams, trialsHere);
  const known = trialsHere.get(key);
  if (known !== undefined && performance.now() < (await known.goodUntilMs)) return known.tried;
  const tried = host.try(options);
  trialsHere.set(key, { tried, goodUntilMs: tried.then(({ renditions }) => (renditions === options.renditions.length ? Infinity : performance.now() + busyForMs)) });
  return tried;
}
