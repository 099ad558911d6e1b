export { captureCamera, captureScreen, type CameraOptions, type Capture, type ScreenOptions } from './capture.js';
export { OnairError, type OnairErrorReason } from './errors.js';
export { Player } from './player.js';
export {
  Publisher,
  type PublisherEvents,
  type PublisherOptions,
  type PublisherState,
  type PublisherStats,
  type PublisherWarning,
} from './publisher.js';
export { qualities, type Quality } from './quality.js';
