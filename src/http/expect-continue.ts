import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

const waiting = new WeakSet<object>();

/**
 * Lets routes decide about requests with `Expect: 100-continue` (RFC 9110 §10.1.1): who is refused sends nothing. A route
 * that wants the body says so by `askForBody`; for all others it is asked for at once.
 * @param decides whether the route at this URL calls `askForBody` itself
 */
export function holdBackContinue(app: FastifyInstance, decides: (url: string) => boolean): void {
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (decides(request.url ?? '')) waiting.add(response);
    else response.writeContinue();
    app.server.emit('request', request, response);
  });
}

/** Whether the client still waits for a word before it sends its body. */
export function awaitsContinue(response: object): boolean {
  return waiting.has(response);
}

export function askForBody(response: Pick<ServerResponse, 'writeContinue'>): void {
  if (waiting.delete(response)) response.writeContinue();
}
