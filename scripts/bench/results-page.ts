import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const file = join(import.meta.dirname, '../../docs/benchmarks/latest.md');
const heading = `# Latest measurements

Written by \`npm run bench -- --write\`, \`npm run bench:latency -- --write\` and \`npm run bench -- soak --write\`; what the
figures mean stands in [performance.md](../performance.md).
`;

export interface Results {
  /** Which part of the page is replaced. */
  readonly page: string;
  readonly title: string;
  readonly machine: string;
  /** Markdown. */
  readonly body: string;
}

/** Replaces one bench's part of docs/benchmarks/latest.md, and leaves the others'. */
export async function writeResults({ page, title, machine, body }: Results): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => heading);
  const begin = `<!-- ${page} -->`;
  const end = `<!-- end of ${page} -->`;
  const part = `${begin}\n## ${title}\n\n${new Date().toISOString().slice(0, 10)} on ${machine}.\n\n${body}\n${end}`;
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  const after = from < 0 || to < 0 ? `${before.trimEnd()}\n\n${part}\n` : before.slice(0, from) + part + before.slice(to + end.length);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, after);
  console.log(`written to docs/benchmarks/latest.md`);
}
