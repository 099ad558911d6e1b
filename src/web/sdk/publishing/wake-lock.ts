/**
 * Keeps the screen on: a phone that locks itself takes the camera and microphone away. Browsers release the lock whenever the page
 * is hidden, so it is asked for again; where it is refused, nothing is lost but that.
 * @returns a function that lets the screen go off again
 */
export function keepScreenOn(): () => void {
  const { wakeLock } = navigator as Partial<Pick<Navigator, 'wakeLock'>>;
  if (wakeLock === undefined) return () => undefined;
  let lock: WakeLockSentinel | undefined;
  let wanted = true;
  const ask = async (): Promise<void> => {
    if (document.visibilityState !== 'visible') return;
    const given = await wakeLock.request('screen').catch(() => undefined);
    if (wanted) lock = given;
    else void given?.release();
  };
  const onVisible = (): void => void ask();
  document.addEventListener('visibilitychange', onVisible);
  onVisible();
  return () => {
    wanted = false;
    document.removeEventListener('visibilitychange', onVisible);
    void lock?.release();
    lock = undefined;
  };
}
