import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';

/** What a template is given, and `$name` of a `range`. */
type Scope = Readonly<Record<string, unknown>>;
type Node = string | { readonly action: string; readonly inner: Node[]; readonly otherwise: Node[] };

/** A Kubernetes object, as far as tests look at it. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

const chart = join(import.meta.dirname, '../../deploy/helm/onair');
const read = (name: string): string => readFileSync(join(chart, name), 'utf8');

export const chartValues = (): Record<string, unknown> => parse(read('values.yaml')) as Record<string, unknown>;
export const templateNames = readdirSync(join(chart, 'templates'));
export const template = (name: string): string => read(join('templates', name));

/**
 * As much of Helm's templates as this chart uses; whatever it does not know is an error.
 * @param changes values by their path, such as `redis.url`
 */
export function renderChart(changes: Readonly<Record<string, unknown>>): KubernetesObject[] {
  const values = chartValues();
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const parent = names.reduce((of, name) => of[name] as Record<string, unknown>, values);
    if (!(last in parent)) throw new Error(`expected the value ${path} in values.yaml`);
    parent[last] = value;
  }
  const { name, appVersion } = parse(read('Chart.yaml')) as { name: string; appVersion: string };
  const renderer = new Renderer({ Values: values, Chart: { Name: name, AppVersion: appVersion }, Release: { Name: 'live', Service: 'Helm' } });
  return templateNames.flatMap((file) => {
    const documents = parseAllDocuments(renderer.render(template(file)));
    for (const { errors } of documents) if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
    return documents.map((document) => document.toJS() as KubernetesObject | null).filter((object) => object !== null);
  });
}

class Renderer {
  readonly #root: Scope;
  readonly #defined = new Map<string, Node[]>();

  constructor(root: Scope) {
    this.#root = root;
    this.render(template('_helpers.tpl'));
  }

  render(text: string): string {
    return this.#write(parseTemplate(text), { '.': this.#root });
  }

  #write(nodes: readonly Node[], scope: Scope): string {
    return nodes.map((node) => (typeof node === 'string' ? node : this.#act(node, scope))).join('');
  }

  #act({ action, inner, otherwise }: Exclude<Node, string>, scope: Scope): string {
    const [, keyword = '', rest = ''] = /^(if|with|range|define)\s+(.*)$/s.exec(action) ?? [];
    if (keyword === 'define') {
      this.#defined.set(JSON.parse(rest) as string, inner);
      return '';
    }
    if (keyword === 'range') {
      const [, key = '', value = '', of = ''] = /^(\$\w+), (\$\w+) := (.*)$/.exec(rest) ?? [];
      const items = this.#value(of, scope) as Record<string, unknown>;
      return Object.entries(items).map(([name, item]) => this.#write(inner, { ...scope, [key]: name, [value]: item })).join('');
    }
    if (keyword === '') return toText(this.#value(action, scope));
    const value = this.#value(rest, scope);
    return isTrue(value) ? this.#write(inner, keyword === 'with' ? { ...scope, '.': value } : scope) : this.#write(otherwise, scope);
  }

  /** A pipeline: what one command gives is the next one's last argument. */
  #value(expression: string, scope: Scope): unknown {
    let piped: unknown[] = [];
    for (const command of split(expression, '|')) {
      const [first = '', ...args] = split(command, ' ');
      const isCall = /^[a-z]\w*$/i.test(first);
      piped = [isCall ? this.#call(first, [...args.map((arg) => this.#operand(arg, scope)), ...piped]) : this.#operand(first, scope)];
    }
    return piped[0];
  }

  #operand(word: string, scope: Scope): unknown {
    if (word.startsWith('(')) return this.#value(word.slice(1, -1), scope);
    if (/^["\d]/.test(word)) return JSON.parse(word);
    if (word.startsWith('$')) return scope[word];
    if (word === '.') return scope['.'];
    if (!word.startsWith('.')) throw new Error(`expected a value, got "${word}"`);
    return word.slice(1).split('.').reduce((of: unknown, name) => {
      if (typeof of !== 'object' || of === null || !(name in of)) throw new Error(`expected ${word} among the values`);
      return (of as Record<string, unknown>)[name];
    }, scope['.']);
  }

  #call(name: string, args: unknown[]): unknown {
    const last = args.at(-1);
    const indented = (): string => toText(last).replace(/^(?=.)/gm, ' '.repeat(Number(args[0])));
    switch (name) {
      case 'include': return this.#write(this.#defined.get(String(args[0])) ?? [], { '.': last });
      case 'quote': return JSON.stringify(toText(last));
      case 'nindent': return `\n${indented()}`;
      case 'toYaml': return stringify(last).trimEnd();
      case 'toJson': return JSON.stringify(last);
      case 'sha256sum': return createHash('sha256').update(toText(last)).digest('hex');
      case 'default': return isTrue(last) ? last : args[0];
      case 'not': return !isTrue(last);
      case 'trunc': return toText(last).slice(0, Number(args[0]));
      case 'trimSuffix': return toText(last).endsWith(String(args[0])) ? toText(last).slice(0, -String(args[0]).length) : last;
      case 'required':
        if (!isTrue(last)) throw new Error(String(args[0]));
        return last;
      default: throw new Error(`expected one of the functions that this chart uses, got ${name}`);
    }
  }
}

function parseTemplate(text: string): Node[] {
  const root = { action: '', inner: [] as Node[], otherwise: [] as Node[] };
  const open = [{ ...root, into: root.inner }];
  const trimmed = text.replace(/\s*\{\{-/g, '{{').replace(/-\}\}\s*/g, '}}');
  for (const [, plain = '', action] of trimmed.matchAll(/(.*?)(?:\{\{\s*(.*?)\s*\}\}|$)/gs)) {
    const top = open.at(-1);
    if (top === undefined) throw new Error('expected as many "end" as there are blocks, got more');
    if (plain !== '') top.into.push(plain);
    if (action === undefined) continue;
    if (action === 'end') open.pop();
    else if (action === 'else') top.into = top.otherwise;
    else {
      const node = { action, inner: [] as Node[], otherwise: [] as Node[] };
      top.into.push(node);
      if (/^(if|with|range|define)\s/.test(action)) open.push({ ...node, into: node.inner });
    }
  }
  if (open.length !== 1) throw new Error(`expected an "end" for ${open.at(-1)?.action ?? 'each block'}`);
  return root.inner;
}

/** At this character, outside of quotes and parentheses. */
function split(text: string, at: string): string[] {
  const words = [''];
  let [depth, isQuoted] = [0, false];
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    if (!isQuoted) depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    if (char === at && depth === 0 && !isQuoted) words.push('');
    else words.push((words.pop() ?? '') + char);
  }
  return words.map((word) => word.trim()).filter((word) => word !== '');
}

function isTrue(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}
