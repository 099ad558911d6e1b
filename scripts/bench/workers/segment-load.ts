import { sleep } from '../clock.js';
import { HttpConnection } from '../http-connection.js';
import { answerParent, workerCommand } from '../worker.js';

export interface SegmentLoadCommand {
  readonly url: string;
  readonly connections: number;
}

const { url, connections } = workerCommand() as SegmentLoadCommand;
const { origin, pathname } = new URL(url);
let bytes = 0;
let failure: string | undefined;

for (let index = 0; index < connections; index++) {
  load().catch((error: unknown) => (failure = String(error)));
}

/** The same segment again and again, as fast as it comes, on keep-alive connections. */
export const segmentLoadHandlers = {
  open: async () => {
    while (bytes === 0 && failure === undefined) await sleep(5);
    if (failure !== undefined) throw new Error(failure);
  },
  bytes: () => {
    if (failure !== undefined) throw new Error(failure);
    return bytes;
  },
};
answerParent(segmentLoadHandlers);

async function load(): Promise<void> {
  const connection = new HttpConnection(origin);
  for (;;) {
    bytes += (await connection.getOk(pathname, { keepBody: false })).bodyBytes;
  }
}
