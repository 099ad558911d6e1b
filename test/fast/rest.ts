import { runTogether } from '../helpers/fast-run.js';

await runTogether('rest');
