
import { freePort } from './free-port.js';
import { findProgram, startOwned, temporaryDirectory, waitUntil, type Teardown } from './programs.js';

export const webkitProgram = findProgram('WebKitWebDriver');
export const xvfbProgram = findProgram('Xvfb');

// Debian keeps it out of PATH, in the directory of its architecture.
const miniBrowser = ['x86_64', 'aarch64'].flatMap((machine) =>
  ['4.1', '4.0'].map((version) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-${version}/MiniBrowser`),
);

/**
 * The browser does not answer any more. WebKitGTK 2.50 was seen so under load: its main thread waits for good in gst_element_set_state, below
 * which a sink waits for a lock, and no script runs.
 */
export class WebKitHangs extends Error {}

/** A browser that hangs says nothing of what it was to show: another one is asked, once. One that answers is held to all of it. */
export async function inWebKit<T>(t: Teardown & { comment(words: string): unknown }, scene: (webkit: WebKit) => Promise<T>): Promise<T> {
  try {
    return await scene(await WebKit.launch(t));
  } catch (error) {
    if (!(error instanceof WebKitHangs)) throw error;
    t.comment(error.message);
    return scene(await WebKit.launch(t));
  }
}

/** Safari's engine, which plays HLS natively: WebKitGTK's MiniBrowser, spoken to in plain WebDriver. */
export class WebKit {
  readonly #session: string;

  private constructor(session: string) {
    this.#session = session;
  }

  static async launch(t: Teardown): Promise<WebKit> {
    const display = await startDisplay(t);
    const port = await freePort();
    const home = await temporaryDirectory(t, 'onair-webkit');
    startOwned(t, webkitProgram ?? 'WebKitWebDriver', [`--port=${String(port)}`, '--host=127.0.0.1'], {
      env: {
        ...process.env,
        HOME: home,
        XDG_RUNTIME_DIR: home,
        DISPLAY: display,
        GDK_BACKEND: 'x11',
        LIBGL_ALWAYS_SOFTWARE: '1',
        WEBKIT_GST_ENABLE_HLS_SUPPORT: '1',
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
        GST_REGISTRY: `${home}/gstreamer-registry`,
      },
    });
    const driver = `http://127.0.0.1:${String(port)}`;
    await waitUntil('WebKitWebDriver', () => fetch(`${driver}/status`).then((answer) => answer.ok, () => false));
    const options = { binary: findProgram(...miniBrowser) ?? 'MiniBrowser', args: ['--automation'] };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
    const { sessionId } = await call<{ sessionId: string }>('POST', `${driver}/session`, { capabilities });
    const session = `${driver}/session/${sessionId}`;
    // A page that hangs takes its browser with it: then the driver's whole group is killed.
    t.teardown(() => call('DELETE', session, undefined, 5_000).catch(() => undefined));
    await call('POST', `${session}/timeouts`, { script: 30_000, pageLoad: 30_000 });
    return new WebKit(session);
  }

  async open(url: string): Promise<void> {
    await call('POST', `${this.#session}/url`, { url });
  }

  /** Presses what the selector finds as a person would: what comes of it is somebody's wish. */
  async press(selector: string): Promise<void> {
    const found = await call<Record<string, string>>('POST', `${this.#session}/element`, { using: 'css selector', value: selector });
    await call('POST', `${this.#session}/element/${Object.values(found)[0] ?? ''}/click`, {});
  }

  /** Runs the body of a function in the page. */
  evaluate<T>(body: string): Promise<T> {
    return call<T>('POST', `${this.#session}/execute/sync`, { script: body, args: [] });
  }
}

async function startDisplay(t: Teardown): Promise<string> {
  const xvfb = startOwned(t, xvfbProgram ?? 'Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise<string>((resolve, reject) => {
    xvfb.once('error', reject);
    xvfb.once('exit', (code) => reject(new Error(`Xvfb ended with ${String(code)}`)));
    (xvfb.stdio[3] as NodeJS.ReadableStream).once('data', (bytes: Buffer) => resolve(bytes.toString().trim()));
  });
  return `:${number}`;
}

async function call<T>(method: string, url: string, body?: unknown, timeoutMs = 40_000): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, body === undefined ? { method, signal } : { method, signal, body: JSON.stringify(body) }).catch((error: unknown) => {
    throw signal.aborted ? new WebKitHangs(`WebKit has not answered for ${String(timeoutMs)} ms`) : error;
  });
  const { value } = (await response.json()) as { value: T };
  if (!response.ok) throw new Error(`WebDriver: ${JSON.stringify(value)}`);
  return value;
}
