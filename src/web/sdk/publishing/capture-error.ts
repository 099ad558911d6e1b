import { OnairError } from '../errors.js';
import type { CaptureDevices } from './capture-devices.js';

/** When both were asked for, the browser does not say which one it lacks. */
export async function missingDevice({ enumerateDevices }: Pick<CaptureDevices, 'enumerateDevices'>): Promise<string> {
  const kinds = (await enumerateDevices().catch(() => [])).map(({ kind }) => kind);
  if (kinds.includes('videoinput') && !kinds.includes('audioinput')) return 'microphone';
  if (kinds.includes('audioinput') && !kinds.includes('videoinput')) return 'camera';
  return 'camera or microphone';
}

/** A DOMException of getUserMedia or getDisplayMedia, in words for a broadcaster. */
export function captureError(error: unknown, wanted: string): OnairError {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new OnairError(
        'permission-denied',
        wanted === 'screen'
          ? 'The screen was not shared: the browser’s question was answered with no, or the system forbids it. Choose “Screen” again and pick what to share; on a Mac, allow screen recording for this browser in the system settings.'
          : `This page may not use the ${wanted}. Click the camera or lock symbol beside the address, allow it for this page, then try again.`,
        { cause: error },
      );
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new OnairError('no-device', `No ${wanted} was found. Plug one in or choose another device, then try again.`, { cause: error });
    case 'NotReadableError':
    case 'AbortError':
      return new OnairError('device-busy', `The ${wanted} is in use by another program, or the system holds it back. Close the other program, then try again.`, { cause: error });
    default: {
      const said = error instanceof Error && error.message !== '' ? ` The browser says: ${error.message}` : '';
      return new OnairError('capture-failed', `The ${wanted} could not be opened.${said} Try again, or choose another device.`, { cause: error });
    }
  }
}
