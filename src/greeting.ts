import { isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { rtmpServer } from './protocol/urls.js';
import type { FoundFfmpeg } from './live/ffmpeg-locator.js';

export interface GreetingOptions {
  readonly host: string;
  /** The one that was taken, also when any free one was asked for. */
  readonly port: number;
  /** Where RTMP is taken, if it is. */
  readonly rtmpPort?: number | undefined;
  readonly secure: boolean;
  readonly publicUrl: string | undefined;
  readonly publishKey: string;
  readonly ffmpeg: FoundFfmpeg | string;
  readonly warnings: readonly string[];
  /** As `os.networkInterfaces()` tells. */
  readonly interfaces: NodeJS.Dict<readonly NetworkInterfaceInfo[]>;
}

/** What a person is told once per start: what to open, and what the server works with. */
export function greeting(options: GreetingOptions): string {
  const { publishKey, ffmpeg, secure, publicUrl, rtmpPort } = options;
  const origins = publicUrl === undefined ? reachableOrigins(options) : [publicUrl];
  const lines = ['Onair is ready.'];
  for (const origin of origins) {
    lines.push(`  broadcast  ${origin}/broadcast?key=${encodeURIComponent(publishKey)}`, `  watch      ${origin}/`);
    if (rtmpPort !== undefined) lines.push(`  rtmp       ${rtmpServer(origin, rtmpPort)} with the stream key NAME?key=${encodeURIComponent(publishKey)}`);
  }
  if (!secure && origins.length > 1) lines.push('  Browsers give cameras to pages on localhost or HTTPS only: for other devices run "npm run dev-cert".');
  if (typeof ffmpeg === 'string') lines.push(`  ffmpeg     none, so nobody can broadcast: ${ffmpeg}`);
  else {
    lines.push(`  ffmpeg     ${ffmpeg.path} (version ${ffmpeg.version}, from ${ffmpeg.source === 'bundled' ? 'the install' : ffmpeg.source})`);
    if (ffmpeg.note !== undefined) lines.push(`  warning    ${ffmpeg.note}`);
  }
  if (publishKey.length < 16) lines.push('  warning    PUBLISH_KEY is short: use 16 characters or more where strangers can reach the server.');
  for (const warning of options.warnings) lines.push(`  warning    ${warning}`);
  return lines.join('\n');
}

/** Where this machine and its neighbours reach the server. */
export function reachableOrigins({ host, port, secure, interfaces }: Pick<GreetingOptions, 'host' | 'port' | 'secure' | 'interfaces'>): string[] {
  const hosts = host === '0.0.0.0' || host === '::' ? ['localhost', ...lanAddresses(interfaces)] : [host];
  const [scheme, defaultPort] = secure ? ['https', 443] : ['http', 80];
  return hosts.map((name) => `${scheme}://${isIPv6(name) ? `[${name}]` : name}${port === defaultPort ? '' : `:${port}`}`);
}

/** This machine's IPv4 addresses on its networks: what a phone in the same room can open. */
export function lanAddresses(interfaces: GreetingOptions['interfaces']): string[] {
  return Object.values(interfaces).flatMap((addresses) => (addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address));
}
