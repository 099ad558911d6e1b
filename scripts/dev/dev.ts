import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchWeb } from './watch-web.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const publicDirectory = path.join(root, 'public');

const stopWatching = await watchWeb({ publicDirectory, outDirectory: path.join(publicDirectory, 'assets') });
const server = spawn(process.execPath, [path.join(root, 'node_modules/tsx/dist/cli.mjs'), 'watch', 'src/main.ts'], { cwd: root, stdio: 'inherit' });
// The terminal tells both of Ctrl+C; whoever else ends this process means the server too.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => server.kill('SIGTERM'));
server.once('exit', (code) => void stopWatching().then(() => process.exit(code ?? 0)));
