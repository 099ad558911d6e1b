import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorCodes } from '../protocol/error-codes.js';
import type { ErrorBody, ErrorCode } from '../protocol/error-codes.js';
import { LimitError } from '../access/limit-error.js';
import { LiveError } from '../protocol/live-error.js';
import type { PacedLog } from './paced-log.js';
import { withRelativeAddresses, withoutStraySlashes } from './path-prefix.js';
import { withoutSecrets } from './request-log.js';

/** Seconds after which a client that was refused for lack of room may ask again. */
const retryAfterSeconds = 5;

/** The one place where errors become answers: JSON for programs, a page in words for people. */
export function handleErrors(app: FastifyInstance, log: PacedLog): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { code, message } = errorBody(error);
    // Anybody can ask again and again for what fails.
    if (code === 'internal') log.write('error', 'request failed', { err: error, req: request });
    else if (error.cause !== undefined) log.write('warn', code, { err: error.cause, req: request }, message);
    return answerError(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) => answerError(new LiveError('not-found', `there is nothing at ${request.method} ${withoutSecrets(request.url)}`), request, reply));
}

/** Errors found before routing, such as a URL that can't be decoded. No hook runs then, so nobody else lets go of an upgrade. */
export function answerUnroutable(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { socket, headers, httpVersionMajor } = request.raw;
  if (httpVersionMajor === 1) reply.header('connection', 'close');
  if (headers.upgrade !== undefined) reply.raw.once('finish', () => socket.destroy());
  return answerError(error, request, reply);
}

function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, message } = errorBody(error);
  // No address has a slash at its end, nor two in a row; WebSockets don't follow.
  const meant = (code === 'not-found' || code === 'malformed') && !request.ws ? withoutStraySlashes(request.url) : undefined;
  const httpStatus = meant === undefined ? errorCodes[code].httpStatus : 308;
  if (meant !== undefined) reply.header('location', meant);
  reply.code(httpStatus).header('x-content-type-options', 'nosniff');
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  if (code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  if (code === 'unavailable') reply.header('retry-after', error instanceof LimitError ? error.retryAfterSeconds : retryAfterSeconds);
  if (wantsPage(request)) {
    const page = withRelativeAddresses(errorPage(httpStatus, message), request.url);
    return reply.header('content-security-policy', "default-src 'none'; style-src 'self'").type('text/html; charset=utf-8').send(page);
  }
  return reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send({ code, message } satisfies ErrorBody);
}

function errorBody(error: Error): ErrorBody {
  if (error instanceof LiveError) return { code: error.code, message: error.message };
  const code = codeOfStatus((error as Partial<FastifyError>).statusCode);
  return { code, message: code === 'internal' ? 'something went wrong on the server' : error.message };
}

/** Fastify's own errors carry a status. */
function codeOfStatus(status: number | undefined): ErrorCode {
  if (status === undefined || status < 400) return 'internal';
  const known = Object.entries(errorCodes).find(([, facts]) => facts.httpStatus === status);
  if (known) return known[0] as ErrorCode;
  return status < 500 ? 'malformed' : 'internal';
}

function wantsPage(request: FastifyRequest): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && !request.ws && (request.headers.accept ?? '').includes('text/html');
}

function errorPage(status: number, message: string): string {
  const title = status === 404 ? 'Nothing here' : status === 503 ? 'Not now' : status < 500 ? 'That did not work' : 'Something went wrong';
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Onair</title><link rel="stylesheet" href="/styles.css"></head>
<body>
<header class="site-header"><a class="brand" href="/">Onair</a></header>
<main class="page stack"><h1>${title}</h1><p>${escapeHtml(message)}</p><p><a href="/">See what is live</a></p></main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
