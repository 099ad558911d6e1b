import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importsPicture, withPicture } from './picture.js';
import { sourceFiles } from './source-files.js';

/** Draws the imports as they are now into the page that shows them. */
const page = fileURLToPath(new URL('../../docs/architecture.md', import.meta.url));
writeFileSync(page, withPicture(readFileSync(page, 'utf8'), importsPicture(sourceFiles())));
