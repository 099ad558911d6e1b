/** The program of `draw-worker.ts`, which the build puts here. Empty where nothing was built: then the page draws. */
export const drawWorkerText = '';
