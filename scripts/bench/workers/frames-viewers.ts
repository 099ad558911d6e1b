import { get } from 'node:http';

import { sleep } from '../clock.js';
import { answerParent, workerCommand } from '../worker.js';

export interface FramesViewersCommand {
  readonly url: string;
  readonly viewers: number;
}

const { url, viewers } = workerCommand() as FramesViewersCommand;
const separator = Buffer.from('\r\n--');
let started = 0;
let pictures = 0;
let bytes = 0;
let gone: string | undefined;

for (let index = 0; index < viewers; index++) look();

/** What an `<img>` does, without decoding: it reads, and tells pictures apart. */
export const framesViewersHandlers = {
  /** Resolves when everybody has seen a picture. */
  open: async () => {
    while (started < viewers && gone === undefined) await sleep(20);
    if (gone !== undefined) throw new Error(gone);
  },
  reset: () => {
    pictures = 0;
    bytes = 0;
  },
  totals: (): { readonly pictures: number; readonly bytes: number } => {
    if (gone !== undefined) throw new Error(gone);
    return { pictures, bytes };
  },
};
answerParent(framesViewersHandlers);

function look(): void {
  let seen = 0;
  const request = get(url, { agent: false }, (response) => {
    if (response.statusCode !== 200) gone = `expected pictures, got status ${String(response.statusCode)}`;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (!chunk.includes(separator)) return;
      if (seen++ === 0) started++;
      pictures++;
    });
    response.on('close', () => (gone ??= "the server closed a viewer's connection"));
  });
  request.on('error', (error) => (gone ??= `a viewer's connection failed: ${error.message}`));
}
