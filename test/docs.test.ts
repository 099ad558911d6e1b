import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';

import { importsPicture, withPicture } from '../scripts/imports/picture.js';
import { sourceFiles } from '../scripts/imports/source-files.js';
import { settingNames } from '../src/settings.js';
import { errorCodes } from '../src/protocol/error-codes.js';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...markdownUnder('docs')].filter((path) => existsSync(join(root, path)));
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts);

t.test('the README gives the two commands', async (t) => {
  const readme = read('README.md');
  t.match(readme, /^npm install && npm start$/m);
  t.match(readme, /npm install && npm test\b/);
});

t.test('the picture of the imports shows those of the code', async (t) => {
  const page = read('docs/architecture.md');
  t.equal(withPicture(page, importsPicture(sourceFiles())), page, '`npm run draw` draws it anew');
});

t.test('every setting the server reads is described', async (t) => {
  const page = read('docs/configuration.md');
  t.strictSame(settingNames.filter((name) => !page.includes(`\`${name}\``)), []);
});

t.test('every setting described is one the server reads', async (t) => {
  const described = [...read('docs/configuration.md').matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map((match) => match[1] ?? '');
  t.ok(described.length > 0, 'the table is found');
  t.strictSame(described.filter((name) => !(settingNames as string[]).includes(name)), []);
});

t.test('every failure and every message stands in the protocol', async (t) => {
  const page = read('docs/protocol.md');
  const types = ['ingest-messages', 'viewer-messages', 'chat-messages'].flatMap((name) =>
    [...read(`src/protocol/${name}.ts`).matchAll(/\btype: '([\w-]+)'/g)].map((match) => match[1] ?? ''),
  );
  const warnings = /type WarningCode =([^;]+);/.exec(read('src/protocol/ingest-messages.ts'))?.[1]?.match(/[\w-]+/g) ?? [];
  const refusals = /type ChatRefusal =([^;]+);/.exec(read('src/protocol/chat-messages.ts'))?.[1]?.match(/[\w-]+/g) ?? [];
  const words = [...Object.keys(errorCodes), ...Object.values(errorCodes).map(({ closeCode }) => String(closeCode)), ...new Set(types), ...warnings, ...refusals];
  t.ok(types.length > 8, 'the message types are found');
  t.strictSame(words.filter((word) => !new RegExp(`["\`]${word}["\`]`).test(page) && !(/^\d+$/.test(word) && page.includes(word))), []);
});

t.test('every row of a table stands below the head of one', async (t) => {
  const strays = pages.flatMap((page) => {
    const lines = read(page).replace(/^```[\s\S]*?^```/gm, '').split('\n');
    return lines.filter((line, index) => {
      if (!line.startsWith('|')) return false;
      const [first = index] = [index].map((at) => at - [...lines.slice(0, at)].reverse().findIndex((before) => !before.startsWith('|')));
      return !/^\|[-| :]+\|$/.test(lines[first + 1] ?? '');
    });
  });
  t.strictSame(strays, []);
});

t.test('what the documents show of deploy/ is the file itself, and every file there is shown or named', async (t) => {
  const page = read('docs/operations.md');
  const shown = [...page.matchAll(/^\[`(deploy\/[^`]+)`\]\([^)]+\):\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, path = '', text = '']) => ({ path, text }));
  t.ok(shown.length > 3, 'files are shown');
  for (const { path, text } of shown) t.equal(text, read(path), path);
  const files = readdirSync(join(root, 'deploy'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  // A chart is one thing, by its folder.
  const nameOf = (path: string): string => /^deploy\/helm\/[^/]+/.exec(path)?.[0] ?? path;
  t.strictSame(paths.filter((path) => !page.includes(`\`${nameOf(path)}\``)), []);
});

t.test('every link inside the project leads somewhere', async (t) => {
  const broken = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g)].flatMap(([, inline, html]) => {
      const [target = '', anchor] = (inline ?? html ?? '').split('#');
      if (/^[a-z]+:/i.test(target)) return [];
      const file = target === '' ? page : join(dirname(page), target);
      if (!existsSync(join(root, file))) return [`${page} → ${target}`];
      if (anchor === undefined || !file.endsWith('.md')) return [];
      return anchorsOf(file).includes(anchor) ? [] : [`${page} → ${target}#${anchor}`];
    }),
  );
  t.strictSame(broken, []);
});

t.test('every npm script the documents name exists', async (t) => {
  const unknown = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run ([a-z][\w:-]*)/g)].flatMap(([, name = '']) => (scripts.includes(name) ? [] : [`${page}: npm run ${name}`])),
  );
  t.strictSame(unknown, []);
});

t.test('every file of the program that the documents name exists', async (t) => {
  const missing = pages
    .filter((page) => page !== 'CHANGELOG.md')
    .flatMap((page) =>
      [...read(page).matchAll(/`((?:src|test|scripts|public|docs)\/[\w./-]+\.\w+)`/g)].flatMap(([, path = '']) =>
        existsSync(join(root, path)) || path.startsWith('public/assets/') ? [] : [`${page}: ${path}`],
      ),
    );
  t.strictSame(missing, []);
});

t.test('no file speaks of the machine it was written on', async (t) => {
  const here = new RegExp([relative('/', root), 'home/\\w+/', 'Users/\\w+/', 'root/\\w'].map((path) => `(?<![\\w.])/${path}`).join('|'));
  const faults = trackedTexts().flatMap(({ path, text }) => (here.test(text) ? [`${path}: ${here.exec(text)?.[0] ?? ''}`] : []));
  t.strictSame(faults, []);
});

t.test('what is installed is named by version, not by the address it once came from', async (t) => {
  t.notMatch(read('package-lock.json'), /"resolved": "https?:/);
  t.notMatch(existsSync(join(root, '.npmrc')) ? read('.npmrc') : '', /registry\s*=|_auth/i);
});

function markdownUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}

/** A page without its code, in which brackets mean something else. */
function proseOf(page: string): string {
  return read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '');
}

function anchorsOf(page: string): string[] {
  const headings = read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

function trackedTexts(): { path: string; text: string }[] {
  // A checkout without its history (an archive, an image) still has its files.
  const listed = existsSync(join(root, '.git'))
    ? execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
    : ['src', 'test', 'scripts', 'docs'].flatMap((top) => readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((name) => `${top}/${name}`));
  return listed
    .filter((path) => /\.(ts|js|json|md|html|css|ya?ml|sh|svg|txt)$|(^|\/)(Dockerfile|run|\.taprc|\.npmrc)$/.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: read(path) }));
}
