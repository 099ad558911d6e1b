/** The program of `encode-worker.ts`, which the build puts here. Empty where nothing was built: then nothing is encoded. */
export const encodeWorkerText = '';
