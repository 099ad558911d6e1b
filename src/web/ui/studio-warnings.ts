import type { Listeners } from '../sdk/listeners.js';
import type { PublisherEvents } from '../sdk/publisher-events.js';
import type { PublisherWarningCode } from '../sdk/publishing/warnings.js';

type Warnings = Pick<PublisherEvents, 'warning' | 'recovered'>;

/** Hands on what a broadcast's publisher warns of. @returns a function that takes back what still stands: it is over with the broadcast */
export function handOnWarnings(publisher: Pick<Listeners<Warnings>, 'on'>, to: Pick<Listeners<Warnings>, 'emit'>): () => void {
  const standing = new Set<PublisherWarningCode>();
  publisher.on('warning', (warning) => {
    standing.add(warning.code);
    to.emit('warning', warning);
  });
  publisher.on('recovered', (recovered) => {
    standing.delete(recovered.code);
    to.emit('recovered', recovered);
  });
  return () => {
    for (const code of standing) to.emit('recovered', { code });
  };
}
