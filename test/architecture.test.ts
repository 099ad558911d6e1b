import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import t from 'tap';
import ts from 'typescript';

import { floorOf, sourceFiles, visit } from '../scripts/imports/source-files.js';
import { ownPathParts } from '../src/protocol/urls.js';
import { fastRun } from './helpers/fast-run.js';

/** Each floor and the floors it may import from, besides itself. */
const floors: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  isobmff: [],
  fmp4: ['protocol', 'isobmff'],
  flv: ['fmp4'],
  source: ['protocol', 'isobmff', 'flv'],
  hls: ['protocol', 'fmp4', 'source'],
  storage: [],
  live: ['protocol', 'fmp4', 'flv', 'source', 'hls', 'storage'],
  access: ['protocol', 'live', 'storage'],
  'rtmp/wire': [],
  rtmp: ['protocol', 'flv', 'source', 'live', 'access', 'rtmp/wire'],
  http: ['protocol', 'fmp4', 'source', 'hls', 'live', 'access'],
  cluster: ['protocol', 'fmp4', 'hls', 'storage', 'live', 'http'],
  settings: [],
  config: ['protocol', 'settings'],
  greeting: ['protocol', 'live'],
  'garbage-collector': [],
  'open-files': [],
  'start-checks': ['protocol', 'storage', 'live', 'settings', 'config'],
  'server-parts': ['protocol', 'live', 'access', 'http'],
  app: ['protocol', 'fmp4', 'source', 'hls', 'storage', 'live', 'access', 'rtmp', 'http', 'cluster', 'settings', 'config', 'open-files', 'server-parts', 'start-checks'],
  main: ['protocol', 'fmp4', 'source', 'hls', 'live', 'access', 'rtmp', 'http', 'config', 'greeting', 'garbage-collector', 'app'],
  web: ['protocol'],
};

const files = sourceFiles();

t.ok(files.length > 40, `there is a house to look at: ${String(files.length)} files`);

t.test('imports go down the floors, never up', async (t) => {
  const faults = files.flatMap(({ path, floor, imports }) =>
    imports.flatMap((target) => {
      if (!target.startsWith('src/')) return target.startsWith('.') ? [`${path} imports ${target}, outside of src`] : [];
      const allowed = floors[floor];
      if (!allowed) return [`${path} stands on no known floor`];
      const targetFloor = floorOf(target);
      return targetFloor === floor || allowed.includes(targetFloor) ? [] : [`${path} imports ${target}`];
    }),
  );
  t.strictSame(faults, []);
});

t.test('files below the process know nothing of settings', async (t) => {
  const faults = files.filter(({ floor, imports }) => ['protocol', 'isobmff', 'fmp4', 'flv', 'source', 'hls', 'storage', 'live', 'access', 'rtmp', 'rtmp/wire'].includes(floor) && imports.some((target) => ['src/config.ts', 'src/settings.ts'].includes(target)));
  t.strictSame(faults.map(({ path }) => path), []);
});

t.test('the shared language and the browser import no package of Node', async (t) => {
  const faults = files.flatMap(({ path, floor, imports }) => {
    if (floor !== 'protocol' && floor !== 'web') return [];
    const wanted = floor === 'protocol' ? imports.filter((name) => !name.startsWith('src/')) : imports.filter((name) => name.startsWith('node:'));
    return wanted.map((name) => `${path} imports ${name}`);
  });
  t.strictSame(faults, []);
});

t.test('packaging is pure: no clock, no disk, no sockets', async (t) => {
  const faults = files.flatMap(({ path, floor, imports, syntax }) => {
    if (!['isobmff', 'fmp4', 'flv', 'source', 'hls', 'rtmp/wire'].includes(floor)) return [];
    const effects = imports.filter((name) => /^node:(fs|net|http|child_process|timers)/.test(name)).map((name) => `${path} imports ${name}`);
    return [...effects, ...(/\bDate\.now\(|\bperformance\.now\(|\bMath\.random\(/.test(syntax.text) ? [`${path} asks the clock or the dice`] : [])];
  });
  t.strictSame(faults, []);
});

/** The wall clock may be set at any moment. These make stamps for people and other machines, or sign; nothing in them measures by it. */
const stampMakers: Readonly<Record<string, string>> = {
  'src/access/stream-keys.ts': 'when a key was made',
  'src/access/viewing-links.ts': 'until when a link is good, for whoever has it',
  'src/cluster/node-proof.ts': 'when a node handed a request on, for another machine',
  'src/cluster/shared-state.ts': 'which of two nodes said something later',
  'src/http/ingest-socket.ts': "the server's time, for the publisher's pages",
  'src/http/live-stream-routes.ts': "the server's time, for viewers' pages",
  'src/http/websocket-sink.ts': "the server's time, for viewers' pages",
  'src/live/archive-survey.ts': 'the age of what another server wrote',
  'src/live/chat-room.ts': 'when something was said',
  'src/live/clocked-timeline.ts': 'EXT-X-PROGRAM-DATE-TIME follows the wall clock, slowly',
  'src/live/broadcast.ts': 'when a broadcast began, for people',
  'src/live/recordings.ts': 'how old recordings are, which have dates',
  'src/live/segment-folders.ts': "the age of another process's files, whose times are the wall clock's",
  'src/live/take-feed.ts': 'when media was captured, for EXT-X-PROGRAM-DATE-TIME',
  'src/web/pages/home.ts': 'since when a stream is live, and the address of its latest poster',
  'src/web/ui/show-facts.ts': 'since when a stream is live',
  'src/web/ui/studio-copy.ts': 'when a copy began, in the name of its file',
};

t.test('elapsed time is monotonic: only what makes stamps asks the wall clock', async (t) => {
  const asksWallClock = (node: ts.Node): boolean =>
    (ts.isPropertyAccessExpression(node) && node.getText() === 'Date.now') ||
    (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0);
  const askers = new Set(occurrences(asksWallClock).map((place) => place.replace(/:\d+$/, '')));
  t.strictSame([...askers].sort(), Object.keys(stampMakers).sort());
});

t.test('ways in and out are given interfaces, never a broadcast with all its parts', async (t) => {
  const faults = files.filter(({ floor, imports }) => ['http', 'rtmp'].includes(floor) && imports.includes('src/live/broadcast.ts'));
  t.strictSame(faults.map(({ path }) => path), []);
});

t.test('no file imports itself by a detour', async (t) => {
  const graph = new Map(files.map(({ path, imports }) => [path, imports.filter((target) => target.startsWith('src/'))]));
  t.strictSame([...cycles(graph)], []);
});

t.test('fluent-ffmpeg has one importer', async (t) => {
  const importers = files.filter(({ imports }) => imports.includes('fluent-ffmpeg')).map(({ path }) => path);
  t.strictSame(importers, ['src/live/ffmpeg-transcoder.ts']);
});

t.test('everything is exported by name', async (t) => {
  t.strictSame(occurrences((node) => ts.isExportAssignment(node) || hasModifier(node, ts.SyntaxKind.DefaultKeyword)), []);
});

t.test('sets of values are unions, not enums', async (t) => {
  t.strictSame(occurrences((node) => ts.isEnumDeclaration(node)), []);
});

t.test('nothing is of type any', async (t) => {
  t.strictSame(occurrences((node) => node.kind === ts.SyntaxKind.AnyKeyword), []);
});

t.test('files stay readable: 300 lines at most, about a hundred as a rule', async (t) => {
  const lengths = files.map(({ path, syntax }) => ({ path, lines: syntax.getLineStarts().length - 1 }));
  t.strictSame(lengths.filter(({ lines }) => lines > 300), []);
  const median = lengths.map(({ lines }) => lines).sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  t.ok(median <= 130, `the median file has ${String(median)} lines`);
});

t.test('no file is a drawer for odds and ends', async (t) => {
  t.strictSame(files.map(({ path }) => path).filter((path) => /(^|\/)(utils?|helpers?|misc|common)\.ts$/.test(path)), []);
});

t.test('pages and SDK name the server by its base, never by the root of its host: a proxy may put a path before it', async (t) => {
  const faults = files.flatMap(({ path, floor, syntax }) => {
    if (floor !== 'web') return [];
    const found: string[] = [];
    visit(syntax, (node) => {
      const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node);
      if (isText && new RegExp(`^/(${ownPathParts.join('|')})\\b`).test(node.text)) found.push(`${path}: ${node.text}`);
    });
    return found;
  });
  t.strictSame(faults, []);
});

t.test('tests and scripts are not imported by the program', async (t) => {
  const faults = files.flatMap(({ path, imports }) => imports.filter((target) => /^(test|scripts)\//.test(target)).map((target) => `${path} imports ${target}`));
  t.strictSame(faults, []);
});

t.test('every test is run, and once: alone, or with others in one process of the fast run', async (t) => {
  const together = [...fastRun()];
  t.strictSame(readdirSync('test/fast').sort(), together.map(([name]) => `${name}.ts`).sort(), 'each process has a file that starts it');
  for (const [name, files] of together) {
    t.ok(files.length > 8, `${name}: ${files.join()}`);
    t.match(readFileSync(`test/fast/${name}.ts`, 'utf8'), `runTogether('${name}')`);
  }
  const listed = spawnSync(process.execPath, ['node_modules/tap/dist/esm/run.mjs', 'list'], { encoding: 'utf8' }).stdout.trim().split('\n');
  const run = [...listed.filter((file) => !file.startsWith('test/fast/')), ...together.flatMap(([, files]) => files.map((file) => `test/${file}`))];
  const written = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts')).map((file) => `test/${file}`);
  t.strictSame(run.sort(), written.sort());
});

function occurrences(isFault: (node: ts.Node) => boolean): string[] {
  return files.flatMap(({ path, syntax }) => {
    const found: string[] = [];
    visit(syntax, (node) => {
      if (isFault(node)) found.push(`${path}:${String(syntax.getLineAndCharacterOfPosition(node.getStart()).line + 1)}`);
    });
    return found;
  });
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false);
}

function* cycles(graph: ReadonlyMap<string, readonly string[]>): Generator<string> {
  const done = new Set<string>();
  const trail: string[] = [];
  function* walk(path: string): Generator<string> {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) yield [...trail.slice(seenAt), path].join(' → ');
    if (seenAt >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of graph.get(path) ?? []) yield* walk(target);
    trail.pop();
    done.add(path);
  }
  for (const path of graph.keys()) yield* walk(path);
}
