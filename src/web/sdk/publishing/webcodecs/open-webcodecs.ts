import { OnairError } from '../../errors.js';
import type { OpenRecording } from '../../recorder.js';
import type { Quality } from '../../quality.js';
import type { WorkerSeams } from '../../worker-port.js';
import { browserWorker, EncoderHost } from './encoder-host.js';
import { ladder } from './ladder.js';
import { RenditionPolicy } from './rendition-policy.js';
import { WebCodecsRecorder } from './webcodecs-recorder.js';

export interface WebCodecs {
  readonly open: OpenRecording;
  /** How many renditions are made at present, with the source. */
  readonly renditions: () => number;
  /** What was found out, in words. */
  readonly why: string;
  readonly close: () => void;
}

/**
 * Opens what encodes, and tries for a second at most whether this machine is quick enough.
 * @param maxRenditions with the source
 * @throws {OnairError} unsupported-browser: why not, in words
 */
export async function openWebCodecs(quality: Quality, maxRenditions: number, seams: WorkerSeams = browserWorker): Promise<WebCodecs> {
  const host = await EncoderHost.open(seams);
  if (host === undefined) throw new OnairError('unsupported-browser', 'this page may not start a worker (its content security policy needs worker-src blob:)');
  const { renditions, profile, message } = await host.try({ ...quality, renditions: ladder({ ...quality, lines: quality.height }, maxRenditions) });
  if (renditions === 0) {
    host.close();
    throw new OnairError('unsupported-browser', `this machine does not encode in time: ${message}`);
  }
  const policy = new RenditionPolicy(renditions);
  return { open: (options) => new WebCodecsRecorder(options, { host, policy, profile }), renditions: () => policy.renditions, why: message, close: () => host.close() };
}
