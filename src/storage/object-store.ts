import { Readable } from 'node:stream';
import { AwsClient } from 'aws4fetch';
import type { ByteRange } from './media-store.js';

export interface ObjectStoreOptions {
  /** `https://s3.example`: buckets are a part of its paths. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What every key begins with; may be empty. */
  readonly prefix: string;
  /** How long one request may take; of media that is read, until it begins to come. */
  readonly timeoutMs?: number | undefined;
}

/** What must be so for an object to be written: it is not there yet, or it is that very one. */
export type PutCondition = 'absent' | { readonly etag: string };

export interface FoundObject {
  readonly etag: string;
  /** RFC 9110, as it was said. */
  readonly lastModified: string | undefined;
  readonly bytes: Buffer;
}

export interface ListedObject {
  /** Without the prefix of all. */
  readonly key: string;
  readonly byteLength: number;
  readonly etag: string;
  /** RFC 3339. */
  readonly lastModified: string;
}

/** The store refused, or did not answer in time. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
  /** Of HTTP; undefined where nothing was answered. */
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, { status, retryAfterSeconds, cause }: { status?: number; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Somebody else wrote it meanwhile. */
  get isConflict(): boolean {
    return this.status === 412 || this.status === 409;
  }
}

/** Objects in a bucket of any store that speaks S3. Nothing is tried again here: whoever asks knows how long it can wait. */
export class ObjectStore {
  readonly #options: ObjectStoreOptions;
  readonly #client: AwsClient;
  readonly #timeoutMs: number;

  constructor(options: ObjectStoreOptions) {
    this.#options = options;
    const { region, accessKeyId, secretAccessKey, timeoutMs = 30_000 } = options;
    this.#client = new AwsClient({ service: 's3', region, accessKeyId, secretAccessKey, retries: 0 });
    this.#timeoutMs = timeoutMs;
  }

  /** Answers its entity tag. @throws {ObjectStoreError} */
  async put(key: string, body: Buffer, { contentType, condition }: { contentType: string; condition?: PutCondition | undefined }): Promise<string> {
    const conditions: Record<string, string> = condition === undefined ? {} : condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': condition.etag };
    const headers = { 'content-type': contentType, 'content-length': String(body.length), ...conditions };
    return this.#ask({ method: 'PUT', url: this.#url(key), headers, body: new Uint8Array(body) }, async (response) => {
      await response.arrayBuffer();
      return response.headers.get('etag') ?? '';
    });
  }

  /**
   * undefined when there is no such object. Its body must be read or destroyed.
   * @throws {ObjectStoreError}
   */
  async open(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const headers = range && { range: `bytes=${range.start}-${range.start + range.byteLength - 1}` };
    return this.#ask({ method: 'GET', url: this.#url(key), headers, mayBeMissing: true }, async (response) => {
      if (response.status === 404) return undefined;
      const byteLength = Number(response.headers.get('content-length'));
      const isWrong = range !== undefined && (response.status !== 206 || byteLength !== range.byteLength);
      if (!isWrong && response.body) return Readable.fromWeb(response.body);
      await response.body?.cancel();
      throw new ObjectStoreError(`the object store gave ${byteLength} bytes of ${key} with ${response.status}, expected ${range?.byteLength ?? 'some'}`);
    });
  }

  /** A small object as it is; undefined when there is none. @throws {ObjectStoreError} */
  async read(key: string): Promise<FoundObject | undefined> {
    return this.#ask({ method: 'GET', url: this.#url(key), mayBeMissing: true }, async (response) => {
      const bytes = Buffer.from(await response.arrayBuffer());
      const { headers } = response;
      return response.status === 404 ? undefined : { bytes, etag: headers.get('etag') ?? '', lastModified: headers.get('last-modified') ?? undefined };
    });
  }

  /** undefined when there is no such object. @throws {ObjectStoreError} */
  async sizeOf(key: string): Promise<number | undefined> {
    return this.#ask({ method: 'HEAD', url: this.#url(key), mayBeMissing: true }, async ({ status, headers }) => (status === 404 ? undefined : Number(headers.get('content-length'))));
  }

  /** One that is not there counts as removed. @throws {ObjectStoreError} */
  async remove(key: string): Promise<void> {
    await this.#ask({ method: 'DELETE', url: this.#url(key), mayBeMissing: true }, (response) => response.arrayBuffer());
  }

  /** What is below a folder, which ends in a slash or is empty. @throws {ObjectStoreError} */
  async *objects(folder: string): AsyncGenerator<ListedObject, void, undefined> {
    for await (const page of this.#pages({ prefix: this.#options.prefix + folder })) {
      for (const [, entry = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        yield { key: this.#ownKey(element(entry, 'Key') ?? ''), byteLength: Number(element(entry, 'Size')), etag: element(entry, 'ETag') ?? '', lastModified: element(entry, 'LastModified') ?? '' };
      }
    }
  }

  /** Names of the folders that there are, at the top. @throws {ObjectStoreError} */
  async *folders(): AsyncGenerator<string, void, undefined> {
    for await (const page of this.#pages({ prefix: this.#options.prefix, delimiter: '/' })) {
      for (const [, entry = ''] of page.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs)) yield this.#ownKey(element(entry, 'Prefix') ?? '').replace(/\/$/, '');
    }
  }

  /** An address that opens this object to whoever has it, for so long. */
  async signedUrl(key: string, seconds: number): Promise<string> {
    const url = this.#url(key);
    url.searchParams.set('X-Amz-Expires', String(seconds));
    return (await this.#client.sign(url, { method: 'GET', aws: { signQuery: true } })).url;
  }

  /** Where this object is below an address that shows all of the bucket. */
  publicUrl(base: string, key: string): string {
    return `${base.replace(/\/$/, '')}/${this.#options.prefix}${key}`;
  }

  async *#pages(query: Record<string, string>): AsyncGenerator<string, void, undefined> {
    const { endpoint, bucket } = this.#options;
    for (let token: string | undefined, more = true; more; more = token !== undefined) {
      const url = new URL(`${endpoint.replace(/\/$/, '')}/${bucket}`);
      for (const [name, value] of Object.entries({ 'list-type': '2', ...query, ...(token !== undefined && { 'continuation-token': token }) })) url.searchParams.set(name, value);
      const page = await this.#ask({ method: 'GET', url }, (response) => response.text());
      yield page;
      token = element(page, 'IsTruncated') === 'true' ? element(page, 'NextContinuationToken') : undefined;
    }
  }

  #url(key: string): URL {
    const { endpoint, bucket, prefix } = this.#options;
    return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${prefix}${key}`);
  }

  #ownKey(key: string): string {
    return key.slice(this.#options.prefix.length);
  }

  /** Asks, and has the answer read; all in time. What hangs is given up, whether it lets go or not. */
  async #ask<T>({ method, url, headers = {}, body, mayBeMissing = false }: Asked, read: (response: Response) => Promise<T>): Promise<T> {
    const patience = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new ObjectStoreError(`the object store did not answer within ${this.#timeoutMs} ms`));
        patience.abort();
      }, this.#timeoutMs);
    });
    const answer = async (): Promise<T> => {
      const signed = await this.#client.sign(url, { method, headers });
      const response = await fetch(url, { method, headers: signed.headers, redirect: 'error', signal: patience.signal, ...(body && { body }) });
      if (response.ok || (mayBeMissing && response.status === 404)) return read(response);
      const code = element(await response.text(), 'Code');
      const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
      throw new ObjectStoreError(`the object store refused with ${response.status}${code === undefined ? '' : ` (${code})`}`, { status: response.status, ...(Number.isFinite(retryAfter) && { retryAfterSeconds: retryAfter }) });
    };
    try {
      return await Promise.race([answer(), late]);
    } catch (cause) {
      throw cause instanceof ObjectStoreError ? cause : new ObjectStoreError(`the object store can not be reached (${causeOf(cause)})`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly mayBeMissing?: boolean;
}

/** The text of the first element of that name: what S3 answers is flat enough for that. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(amp|lt|gt|quot|apos);/g, (_entity, which: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[which] ?? '');
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}
