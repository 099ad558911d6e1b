import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, EmptyAnswer } from '../hls/answer.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import { LiveError } from '../protocol/live-error.js';
import { comeAgainSoon } from './come-again.js';
import { sendMedia } from './media-reply.js';

const errorCodes: Readonly<Record<EmptyAnswer['outcome'], ErrorCode>> = {
  'not-yet': 'not-found',
  'to-come': 'not-found',
  gone: 'not-found',
  malformed: 'malformed',
  standstill: 'unavailable',
  'going-on': 'unavailable',
};

/**
 * How long caches may keep an answer (RFC 8216bis Appendix B.1, RFC 9111). An error that says what is not there *yet* is not kept: whoever
 * asks too early would decide what everybody gets who watches through the same cache, and asks in time.
 */
function cacheControl(outcome: Answer['outcome'], targetDurationSeconds: number): string {
  switch (outcome) {
    case 'lasting':
      return `max-age=${targetDurationSeconds * 6}`;
    case 'present':
      return targetDurationSeconds < 2 ? 'no-cache' : `max-age=${Math.floor(targetDurationSeconds / 2)}`;
    case 'gone':
      return `max-age=${targetDurationSeconds}`;
    case 'multivariant':
    case 'not-yet':
    case 'standstill':
      return 'max-age=1';
    case 'going-on':
    case 'to-come':
    case 'malformed':
      return 'no-store';
  }
}

/**
 * Turns what a rendition answers into an HTTP answer.
 * @throws {LiveError} with the rendition's words, when it has nothing to give
 */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer, targetDurationSeconds: number): FastifyReply | Promise<FastifyReply> {
  reply.header('cache-control', cacheControl(answer.outcome, targetDurationSeconds));
  if (answer.outcome === 'going-on') throw comeAgainSoon(answer.message);
  if (!answer.body) throw new LiveError(errorCodes[answer.outcome], answer.message);
  return sendMedia(request, reply, answer.body);
}
