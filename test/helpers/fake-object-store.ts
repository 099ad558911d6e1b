import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ObjectStore, type ObjectStoreOptions } from '../../src/storage/object-store.js';
import type { Teardown } from './programs.js';

interface Stored {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

const credentials = { accessKeyId: 'access-key', secretAccessKey: 'secret-key-of-the-test', region: 'test-1' };

/** Enough of S3, in this process: objects, ranges, lists in pages, and conditions. It can be made to refuse, to hang and to forget. */
export class FakeObjectStore {
  readonly objects = new Map<string, Stored>();
  /** Method and key of each request. */
  readonly asked: string[] = [];
  readonly endpoint: string;
  /** What is answered instead; undefined: as it should be. */
  mood: (request: { method: string; key: string }) => 'hang' | { status: number; headers?: Record<string, string> } | undefined = () => undefined;
  pageSize = 1000;

  static async start(t: Teardown): Promise<FakeObjectStore> {
    const server = createServer((request, response) => void store.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const store: FakeObjectStore = new FakeObjectStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    t.teardown(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return store;
  }

  private constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  get options(): ObjectStoreOptions {
    return { endpoint: this.endpoint, bucket: 'bucket', prefix: 'some/where/', ...credentials };
  }

  /** What a server is started with. */
  get settings(): Record<string, string> {
    return { S3_ENDPOINT: this.endpoint, S3_BUCKET: 'bucket', S3_REGION: credentials.region, S3_PREFIX: 'some/where/', S3_ACCESS_KEY_ID: credentials.accessKeyId, S3_SECRET_ACCESS_KEY: credentials.secretAccessKey };
  }

  client(options: Partial<ObjectStoreOptions> = {}): ObjectStore {
    return new ObjectStore({ ...this.options, ...options });
  }

  /** Keys below the prefix, sorted; but for what servers tell each other. */
  get keys(): string[] {
    return [...this.objects.keys()].map((key) => key.replace('some/where/', '')).filter((key) => !key.startsWith('.changed/')).sort();
  }

  text(key: string): string {
    return this.objects.get(`some/where/${key}`)?.bytes.toString() ?? '';
  }

  forget(key: string): void {
    this.objects.delete(`some/where/${key}`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const url = new URL(request.url ?? '', this.endpoint);
    const key = decodeURIComponent(url.pathname.replace(/^\/bucket\/?/, ''));
    this.asked.push(`${method} ${key.replace('some/where/', '')}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const mood = this.mood({ method, key });
    if (mood === 'hang') return;
    const refuse = (status: number, code: string, more = {}): void => void response.writeHead(status, more).end(`<Error><Code>${code}</Code></Error>`);
    if (mood) return refuse(mood.status, 'SlowDown', mood.headers);
    const signed = (headers.authorization ?? `${url.searchParams.get('X-Amz-Algorithm')} Credential=${url.searchParams.get('X-Amz-Credential')}`).startsWith(`AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/`);
    if (!signed) return refuse(403, 'AccessDenied');
    if (key === '') return void response.end(this.#list(url.searchParams));
    const found = this.objects.get(key);
    if (method === 'PUT') {
      const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
      if ((ifNoneMatch === '*' && found) || (ifMatch !== undefined && found?.etag !== ifMatch)) return refuse(412, 'PreconditionFailed');
      const bytes = Buffer.concat(chunks);
      const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
      this.objects.set(key, { bytes, etag, modified: new Date() });
      return void response.writeHead(200, { etag }).end();
    }
    if (method === 'DELETE') {
      this.objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (!found) return refuse(404, 'NoSuchKey');
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    const bytes = first === undefined ? found.bytes : found.bytes.subarray(Number(first), Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, { etag: found.etag, 'content-length': bytes.length, 'last-modified': found.modified.toUTCString() });
    response.end(method === 'HEAD' ? undefined : bytes);
  }

  #list(query: URLSearchParams): string {
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
    const names = new Set<string>();
    for (const key of this.objects.keys()) {
      if (!key.startsWith(prefix)) continue;
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      names.add(end < 0 ? key : key.slice(0, end + 1));
    }
    const after = query.get('continuation-token') ?? '';
    const rest = [...names].sort().filter((name) => name > after);
    const page = rest.slice(0, this.pageSize);
    const entries = page.map((name) => (this.objects.has(name) ? `<Contents><Key>${name}</Key><LastModified>${this.objects.get(name)?.modified.toISOString()}</LastModified><ETag>${this.objects.get(name)?.etag.replaceAll('"', '&quot;')}</ETag><Size>${this.objects.get(name)?.bytes.length}</Size></Contents>` : `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`));
    const more = rest.length > page.length;
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''}${entries.join('')}</ListBucketResult>`;
  }
}
