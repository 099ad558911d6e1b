import { runBelow } from './run-below.js';

await runBelow('web');
