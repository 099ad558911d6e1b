import { setMaxListeners } from 'node:events';

import { answerParent, workerCommand } from '../bench/worker.js';
import { attacks, type AttackOptions } from './attackers.js';

/** A process of its own for all attackers: what they cost is not the server's. */
export interface AttackerCommand extends Omit<AttackOptions, 'signal'> {
  readonly seconds: number;
}

const { seconds, ...target } = workerCommand() as AttackerCommand;
const signal = AbortSignal.timeout(seconds * 1000);
setMaxListeners(0, signal); // every connection hears of the end
const done = Promise.all(Object.entries(attacks).map(async ([name, attack]) => [name, await attack({ ...target, signal })] as const));

export const attackerHandlers = {
  /** How often each attacked, when all are done. */
  counts: () => done,
};
answerParent(attackerHandlers);
