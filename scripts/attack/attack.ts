import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { describeMachine, requireLinux } from '../bench/machine.js';
import { formatRows } from '../bench/report.js';
import { within } from '../bench/scope.js';
import { everythingAtOnce, noticed } from './everything-at-once.js';
import { longest, ownMs, type Stall } from './stalls.js';

const longestStallMs = 100;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, 'no-build': { type: 'boolean', default: false } } });
const seconds = Number(values.seconds);
if (!(seconds >= 1 && seconds <= 600)) {
  console.error(`--seconds: expected a number from 1 to 600, got ${JSON.stringify(values.seconds)}`);
  process.exit(1);
}
requireLinux();
if (!values['no-build']) execFileSync('npm', ['run', '--silent', 'build'], { cwd: join(import.meta.dirname, '../..'), stdio: 'inherit' });
const { counts, watched, stalls } = await within((scope) => everythingAtOnce(scope, { seconds, viewers: 50 }));
const [byClock, own, busiest] = [longest(stalls, ({ lateMs }) => lateMs), longest(stalls, ownMs), longest(stalls, ({ ranMs }) => ranMs)];
const rows = [
  ...counts.map(([name, count]) => [name, String(count)]),
  ['viewers who watched meanwhile', String(watched.viewers - watched.lost)],
  ['messages they were sent', String(watched.messages)],
  ['gaps told, holes in decode times', `${String(watched.gaps)}, ${String(watched.holes)}`],
  ["longest stall of the server's event loop", inWords(byClock)],
  ['the one for whose longest part it did not wait for a core', inWords(own)],
  ['the one in which it ran longest', inWords(busiest)],
];
console.log(`${describeMachine()}\n\n${formatRows([['figure', 'value'], ...rows])}`);
const faults = [...noticed(watched), ...(ownMs(own) > longestStallMs ? [`a stall of ${inWords(own)}`] : [])];
if (faults.length > 0) {
  console.error(`\nexpected viewers to notice nothing, and no stall of more than ${String(longestStallMs)} ms for which the server had a core: ${faults.join('; ')}`);
  process.exitCode = 1;
}

function inWords({ lateMs, ranMs, waitedMs, collectingMs }: Stall): string {
  const [late, ran, waited, collecting] = [lateMs, ranMs, waitedMs, collectingMs].map((ms) => ms.toFixed(0));
  return `${late} ms: ran ${ran}, waited for a core ${waited}, collected garbage ${collecting}`;
}
