import { runBelow } from './run-below.js';

await runBelow('.', 'rtmp');
