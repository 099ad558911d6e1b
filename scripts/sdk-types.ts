import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = path.join(root, 'node_modules/.cache/onair');

/** What developers import: the SDK, and the elements, whose types lean on the SDK's. */
export const sdkEntries = { onair: 'src/web/sdk/index.ts', elements: 'src/web/elements/index.ts' };

/** The SDK's types as text, one file an entry: `onair.d.ts`, `elements.d.ts`. Made again only when a source has changed. */
export async function sdkTypes(): Promise<ReadonlyMap<string, string>> {
  const kept = path.join(cache, `sdk-types-${await digestOfSources()}.json`);
  try {
    return new Map(JSON.parse(await readFile(kept, 'utf8')) as [string, string][]);
  } catch {
    const types = await makeTypes();
    await mkdir(cache, { recursive: true });
    await writeFile(kept, JSON.stringify([...types]));
    return types;
  }
}

/** The elements' types name the SDK's by its file, so that a `Player` of the one is a `Player` of the other. */
async function makeTypes(): Promise<Map<string, string>> {
  const sdk = path.join(root, sdkEntries.onair);
  const types = new Map<string, string>();
  for (const [name, file] of Object.entries(sdkEntries)) {
    const input = path.join(root, file);
    const bundle = await rollup({ input, plugins: [dts({ tsconfig: path.join(root, 'src/web/tsconfig.json') })], external: (id, importer) => importer !== undefined && path.resolve(path.dirname(importer), id.replace(/\.js$/, '.ts')) === sdk });
    const { output } = await bundle.generate({ format: 'es', paths: () => './onair.js' });
    await bundle.close();
    types.set(`${name}.d.ts`, output[0].code);
  }
  return types;
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(fileURLToPath(import.meta.url)));
  for (const folder of ['src/web', 'src/protocol']) {
    const names = (await readdir(path.join(root, folder), { recursive: true })).filter((name) => name.endsWith('.ts') || name.endsWith('.json')).sort();
    for (const name of names) hash.update(name).update(await readFile(path.join(root, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
