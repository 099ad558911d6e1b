import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Until it is called off, a connection is not cut for being idle while it is the client that waits: what came of its body is not taken in, or all of
 * it has come, and the answer has not. Whoever calls sees to it that this has an end. With HTTP/2 the listener itself does so.
 * @returns calls it off
 */
export function spareWhileItWaits({ raw: request }: FastifyRequest, { raw: response }: FastifyReply): () => void {
  if (request.httpVersionMajor !== 1) return () => undefined;
  const { socket } = request;
  const onTimeout = (): void => {
    // A timeout rings once.
    if (request.complete || request.readableLength > 0) socket.setTimeout(socket.timeout ?? 0);
    else socket.destroy();
  };
  response.on('timeout', onTimeout);
  return () => void response.off('timeout', onTimeout);
}
