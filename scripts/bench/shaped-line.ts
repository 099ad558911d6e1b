import { execFileSync } from 'node:child_process';

import type { Scope } from './scope.js';

/** What waits in a home router: small, so that what is measured is the server's own. */
const queueBytes = 40_000;

let opened = 0;

/** Why no line can be shaped here, in words; undefined where one can. */
export function cannotShape(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces';
  try {
    execFileSync('tc', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs tc and ip (apt install iproute2)';
  }
}

/** A line to a client in a network of its own, as slow as it is told to be: a token bucket in the kernel, no program of ours. */
export class ShapedLine {
  /** What a program and its arguments begin with, to be run at the far end. */
  readonly farEnd: readonly string[];
  /** The server, as the far end sees it. */
  readonly serverAddress: string;
  readonly #device: string;

  private constructor(namespace: string, device: string, serverAddress: string) {
    this.farEnd = ['ip', 'netns', 'exec', namespace];
    this.#device = device;
    this.serverAddress = serverAddress;
  }

  static open(scope: Scope): ShapedLine {
    const number = opened++;
    const namespace = `onair-bench-${String(process.pid)}-${String(number)}`;
    const [near, far] = [`onair${String(number)}n`, `onair${String(number)}f`];
    const network = `10.231.${String(number)}`;
    ip('netns', 'add', namespace);
    scope.teardown(() => ip('netns', 'delete', namespace));
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
    // An IPv6 address that appears a second after the device is a change of network to Chromium, which breaks off what it loads.
    ip('link', 'set', near, 'addrgenmode', 'none');
    ip('-n', namespace, 'link', 'set', far, 'addrgenmode', 'none');
    ip('address', 'add', `${network}.1/30`, 'dev', near);
    ip('link', 'set', near, 'up');
    ip('-n', namespace, 'address', 'add', `${network}.2/30`, 'dev', far);
    ip('-n', namespace, 'link', 'set', far, 'up');
    return new ShapedLine(namespace, near, `${network}.1`);
  }

  /** From the server; the other way it is as fast as the machine. */
  slowTo(bitsPerSecond: number): void {
    const rate = String(Math.round(bitsPerSecond));
    execFileSync('tc', ['qdisc', 'replace', 'dev', this.#device, 'root', 'tbf', 'rate', rate, 'burst', '5000', 'limit', String(queueBytes)]);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}
