import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InitSegment } from '../fmp4/init-segment.js';
import { goesOnUnder } from '../live/mp4-file.js';
import type { ViewerSink } from '../live/viewer.js';
import type { FragmentSource } from '../live/watchable.js';
import { followArrivals } from './arrivals.js';
import type { ConnectionLimits } from './connection-limits.js';
import type { SendQueues } from './send-queues.js';
import { whenGone } from './when-gone.js';

/** A form in which an endless body carries media. */
export interface EndlessForm {
  readonly contentType: string;
  /** What one viewer is sent, of what all are told; `end`: the body can't go on. */
  readonly sinkFor: (push: (bytes: Buffer) => void, end: () => void) => Pick<ViewerSink, 'init' | 'media'>;
}

export interface EndlessBodyOptions {
  readonly viewers: FragmentSource;
  readonly limits: ConnectionLimits;
  readonly sendQueues: SendQueues;
  readonly form: EndlessForm;
  /** An id; absent: the source. */
  readonly rendition?: string | undefined;
}

/** Answers with media as it is made, until the broadcast ends or the client is gone. */
export function sendEndless(request: FastifyRequest, reply: FastifyReply, { viewers, limits, sendQueues, form, rendition }: EndlessBodyOptions): FastifyReply {
  reply.header('content-type', form.contentType).header('cache-control', 'no-store');
  // Its body would never end, and nobody would read it.
  if (request.method === 'HEAD') return reply.send();
  limits.hold(request, reply.raw);
  let leave = (): unknown => undefined;
  const body = new Readable({
    read: () => undefined,
    destroy: (error, done) => {
      leave();
      done(error);
    },
  });
  const end = (): void => {
    leave();
    body.push(null);
  };
  const arrivals = followArrivals({ request, reply, body, sendQueues });
  const push = (bytes: Buffer): void => {
    arrivals.given(bytes.length);
    body.push(bytes);
  };
  leave = viewers.join({
    ...form.sinkFor(push, end),
    message: () => undefined,
    gathers: true,
    get backlogBytes() {
      return arrivals.unsentBytes;
    },
    mark: (arrived) => arrivals.mark(arrived),
    end,
    drop: () => body.destroy(new Error('it can not be sent on')),
  }, rendition);
  whenGone(reply.raw, () => body.destroy());
  return reply.send(body);
}

/** One fragmented MP4 with one init segment; it ends where it can't go on under that. */
export const mp4Form: EndlessForm = {
  contentType: 'video/mp4',
  sinkFor: (push, end) => {
    let described: InitSegment | undefined;
    return {
      init: (init) => {
        if (described) return goesOnUnder(described, init) ? undefined : end();
        described = init;
        push(init.bytes);
      },
      media: ({ mp4 }) => push(mp4),
    };
  },
};

/** One FLV file: times go on over all timelines, and decoders are told anew when they have to be. */
export const flvForm: EndlessForm = {
  contentType: 'video/x-flv',
  sinkFor: (push) => {
    let begun = false;
    let toldTimeline: unknown;
    return {
      init: () => undefined,
      media: (burst, timeline) => {
        if (!timeline) throw new Error('expected a stream that FLV can hold');
        const { startMs, bytes } = burst.flv(timeline);
        // What it holds is too large for FLV.
        if (startMs === undefined) return;
        if (!begun) push(timeline.fileHeader);
        if (toldTimeline !== timeline) push(timeline.decoderHeaders(startMs));
        begun = true;
        toldTimeline = timeline;
        push(bytes);
      },
    };
  },
};
