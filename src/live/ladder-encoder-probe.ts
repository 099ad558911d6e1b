import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { childEnvironment } from './child-environment.js';
import { probeArguments, type H264Encoder } from './ladder-options.js';

const timeoutMs = 10_000;

/** Why this machine can't encode ten pictures with it, in ffmpeg's words; undefined: it can. */
export async function encoderFault(ffmpegPath: string, encoder: H264Encoder): Promise<string | undefined> {
  try {
    await promisify(execFile)(ffmpegPath, probeArguments(encoder), { timeout: timeoutMs, env: childEnvironment() });
    return undefined;
  } catch (error) {
    const { stderr = '', message, killed } = error as { stderr?: string; message: string; killed?: boolean };
    if (killed) return `it gave nothing for ${timeoutMs / 1000} s`;
    return stderr.trim().split('\n')[0]?.replace(/^\[[^\]]*\] */, '') || message;
  }
}
