import { sleep } from '../clock.js';
import { connectLending } from '../lending-socket.js';
import { answerParent, workerCommand } from '../worker.js';

export interface BodyViewersCommand {
  /** An endless body over HTTP/1.1. */
  readonly url: string;
  readonly viewers: number;
}

const { url, viewers } = workerCommand() as BodyViewersCommand;
const { pathname, host } = new URL(url);
let started = 0;
let bytes = 0;
let gone: string | undefined;

/** Viewers who read what comes and look at none of it. */
export const bodyViewersHandlers = {
  /** Resolves when everybody was sent something. */
  open: async () => {
    for (let index = 0; index < viewers; index++) {
      watch();
      if (index % 25 === 24) await sleep(10);
    }
    while (started < viewers && gone === undefined) await sleep(20);
    if (gone !== undefined) throw new Error(gone);
  },
  reset: () => {
    bytes = 0;
  },
  totals: (): { readonly bytes: number } => {
    if (gone !== undefined) throw new Error(gone);
    return { bytes };
  },
};
answerParent(bodyViewersHandlers);

function watch(): void {
  let isFirst = true;
  const socket = connectLending(url, (lent) => {
    bytes += lent.length;
    if (!isFirst) return;
    isFirst = false;
    started++;
    if (lent.toString('latin1', 9, 12) !== '200') gone = `expected a body, got ${lent.toString('latin1', 0, 40)}`;
  });
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  socket.on('close', () => (gone ??= "the server closed a viewer's connection"));
  socket.on('error', (error) => (gone ??= `a viewer's connection failed: ${error.message}`));
}
