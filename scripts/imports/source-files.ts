import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface SourceFile {
  readonly path: string;
  readonly floor: string;
  readonly syntax: ts.SourceFile;
  /** Paths inside the project, and names of packages. */
  readonly imports: readonly string[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** All of the program's own files. */
export function sourceFiles(): SourceFile[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readSource(`src/${name}`));
}

function readSource(path: string): SourceFile {
  const syntax = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const imports: string[] = [];
  visit(syntax, (node) => {
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined;
    if (specifier && ts.isStringLiteral(specifier)) imports.push(resolveImport(path, specifier.text));
  });
  return { path, floor: floorOf(path), syntax, imports };
}

function resolveImport(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts');
}

/** `src/hls/rendition.ts` → hls, `src/main.ts` → main; the grammar of RTMP is a floor of its own. */
export function floorOf(path: string): string {
  if (path.startsWith('src/rtmp/wire/')) return 'rtmp/wire';
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

export function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}
