import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { sdkTypes } from '../scripts/sdk-types.js';

const page = readFileSync(join(import.meta.dirname, '../docs/sdk.md'), 'utf8');
const types = (await sdkTypes()).get('onair.d.ts') ?? '';
const file = ts.createSourceFile('onair.d.ts', types, ts.ScriptTarget.Latest, true);

/** What stands in backquotes, each word of it: `mute(kind)` names `mute`. */
const named = new Set([...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.match(/[\w-]+/g) ?? []));

const declared = (name: string): ts.Node | undefined =>
  file.statements.find((statement) => (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) && statement.name?.text === name);

function membersOf(name: string): string[] {
  const found = declared(name);
  if (!found || !(ts.isClassDeclaration(found) || ts.isInterfaceDeclaration(found))) throw new Error(`expected a class or an interface ${name} among the types`);
  const members = found.members as ts.NodeArray<ts.ClassElement | ts.TypeElement>;
  return members.flatMap((member) => (member.name && !ts.isPrivateIdentifier(member.name) ? [member.name.getText(file).replace(/^'|'$/g, '')] : []));
}

function literalsOf(name: string): string[] {
  const found = declared(name);
  if (!found) throw new Error(`expected a type ${name} among the types`);
  const text = found.getText(file).replace(/\/\*[\s\S]*?\*\//g, '');
  return [...text.slice(text.indexOf('=')).matchAll(/'([\w-]+)'/g)].map(([, literal = '']) => literal);
}

const missing = (names: readonly string[]): string[] => names.filter((name) => !named.has(name));

t.test('the reference names every class that is exported, and every member of it', async (t) => {
  const exported = [...types.matchAll(/^export \{([^}]+)\}/gm)].flatMap(([, names = '']) => names.split(',').map((name) => name.trim()));
  t.ok(exported.includes('Player') && exported.includes('Publisher'), 'the exports are found');
  t.strictSame(missing(exported), []);
  const classes = exported.filter((name) => { const found = declared(name); return found !== undefined && ts.isClassDeclaration(found); });
  t.ok(classes.length >= 5, classes.join(' '));
  for (const name of classes) t.strictSame(missing(membersOf(name).filter((member) => member !== 'name')), [], name);
});

t.test('the reference names every option and every event', async (t) => {
  for (const name of ['PlayerOptions', 'PublisherOptions', 'CameraOptions', 'ScreenOptions', 'ChatOptions', 'CompositionSettings', 'CompositionTracks', 'PauseCard', 'NameTag', 'CaptureWish', 'PlayerEvents', 'PublisherEvents', 'ChatEvents', 'LiveCaptureEvents', 'PlayerStats', 'PublisherStats', 'UplinkSecond', 'LocalCopyOptions', 'LocalCopyEvents', 'LeftCopy']) {
    const members = membersOf(name);
    t.ok(members.length > 1, name);
    t.strictSame(missing(members), [], name);
  }
});

t.test('the reference names every state and every code', async (t) => {
  for (const name of ['PlayerState', 'PublisherState', 'ChatState', 'Corner', 'UplinkVerdict', 'OnairErrorReason', 'PublisherWarningCode', 'WarningCode']) {
    const codes = literalsOf(name);
    t.ok(codes.length > 3, name);
    t.strictSame(missing(codes), [], name);
  }
  t.strictSame(missing(membersOf('NoticeParams')), []);
});

t.test('the reference names nothing that there is not', async (t) => {
  const rows = [...page.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([\w.-]+)/g)].map(([, name = '']) => name.replace(/^\./, '')));
  t.ok(rows.length > 40, `${String(rows.length)} names in tables`);
  const all = `${types} ${(await sdkTypes()).get('elements.d.ts') ?? ''} onair-player onair-broadcast controls muted server source`;
  t.strictSame(rows.filter((name) => !new RegExp(`\\b${name}\\b`).test(all)), []);
});
