import { runBelow } from './run-below.js';

await runBelow('access', 'fmp4', 'isobmff', 'hls', 'protocol', 'source', 'storage');
