/** `1 watching`, `12 watching`. */
export function viewersInWords(viewers: number): string {
  return `${viewers.toLocaleString()} watching`;
}

/** `0.4 s behind`, `12 s behind`: tenths only where they tell something. */
export function behindInWords(latencySeconds: number): string {
  const seconds = Math.max(0, latencySeconds);
  return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s behind`;
}

/** `since 14:05 (12 min)`; times of another day carry their date. */
export function sinceInWords(startedAt: string, now: Date): string {
  const start = new Date(startedAt);
  const sameDay = start.toDateString() === now.toDateString();
  const time = start.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const when = sameDay ? time : `${start.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
  return `since ${when} (${durationInWords(now.getTime() - start.getTime())})`;
}

/** `just now`, `12 min`, `3 h 5 min`. */
export function durationInWords(durationMs: number): string {
  const minutes = Math.floor(durationMs / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** `30 Nov 2026, 14:05`, as it is said here. */
export function dayAndTime(at: string): string {
  return new Date(at).toLocaleString([], { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
}
