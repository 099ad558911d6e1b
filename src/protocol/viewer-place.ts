/** Where somebody is who was sent media before, and lost the connection. */
export interface ViewerPlace {
  /** What `init` named: what media times are counted by. */
  readonly clock: string;
  /** Media time up to which it has all. */
  readonly seconds: number;
}

/** As it stands in an address. */
export function placeQuery({ clock, seconds }: ViewerPlace): Record<'clock' | 'from', string> {
  return { clock, from: seconds.toFixed(3) };
}

/** What an address says of it; undefined: nothing, or nothing that can be understood. */
export function placeOf({ clock, from }: { readonly clock?: unknown; readonly from?: unknown }): ViewerPlace | undefined {
  if (typeof clock !== 'string' || typeof from !== 'string' || !/^\d{1,10}(\.\d{1,9})?$/.test(from)) return undefined;
  return { clock, seconds: Number(from) };
}
