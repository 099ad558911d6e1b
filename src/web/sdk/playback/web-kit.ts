/** Safari's engine, or another with it inside (WebKitGTK, every browser of an iPhone); Chromium's names itself after it too. */
export function isWebKit(): boolean {
  return navigator.userAgent.includes('AppleWebKit') && !/Chrom(e|ium)/.test(navigator.userAgent);
}
