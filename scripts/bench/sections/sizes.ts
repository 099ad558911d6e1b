import { temporaryDirectory } from '../../../test/helpers/programs.js';
import { bundleSize, installSdk, programs } from '../../sdk-sizes.js';
import { amountFigure, type Figure } from '../report.js';
import { within } from '../scope.js';

/** kB of gzip. `Player` was wished to have 11: all that is left in it is needed for a first picture, or to say why there is none. */
const playerAtMost = 12.5;

/** What a page of somebody else loads of the npm package. */
export async function measureSizes(): Promise<Figure[]> {
  return within(async (scope) => {
    const project = await temporaryDirectory(scope, 'onair-sizes');
    await installSdk(project);
    const figures: Figure[] = [];
    for (const [name, program] of Object.entries(programs)) {
      const { first, later } = await bundleSize(project, program);
      figures.push(amountFigure({
        what: `SDK: ${name} alone, minified, gzip`,
        measured: { amount: first, unit: 'kB' },
        beside: { amount: later, unit: 'kB', note: 'when needed, without hls.js' },
        ...(name === 'Player' && { atMost: playerAtMost }),
      }));
    }
    return figures;
  });
}
