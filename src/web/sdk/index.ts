export { captureCamera, captureScreen, type CameraOptions, type ScreenOptions } from './capture.js';
export { Chat } from './chat.js';
export type { ChatEvents, ChatIdentity, ChatOptions, ChatState } from './chat-events.js';
export { openComposition, type CompositionOptions } from './composition.js';
export { keepCopy, leftCopies } from './copy.js';
export { OnairError, type OnairErrorReason } from './errors.js';
export { Player } from './player.js';
export type { PlayerEvents, PlayerOptions, PlayerState, PlayerStats } from './player-events.js';
export type { PlayerPlace } from './playback/playback.js';
export type { PathChoice, PathName, PlayerMode } from './playback/path-choice.js';
export type { RenditionReason, RenditionState } from './playback/renditions.js';
export type { RenditionOffer } from '../../protocol/viewer-messages.js';
export { Publisher } from './publisher.js';
export type {
  PublisherEvents,
  PublisherOptions,
  PublisherState,
  PublisherStats,
  ResumableBroadcast,
} from './publisher-events.js';
export type { CopiedFile, LocalCopy, LocalCopyEvents, LocalCopyOptions } from './publishing/copy/local-copy.js';
export type { LeftCopy } from './publishing/copy/private-files.js';
export type { CaptureToCompose, Composition, CompositionEvents, CompositionTracks } from './publishing/composition/composition.js';
export type { Corner } from './publishing/composition/layout.js';
export type { CompositionSettings, NameTag, PauseCard, SoundName } from './publishing/composition/settings.js';
export type { CaptureWish, Facing } from './publishing/capture-wish.js';
export type { Capture } from './publishing/captured.js';
export { LiveCapture, type LiveCaptureEvents } from './publishing/live-capture.js';
export type { EncoderFacts, EncoderName } from './publishing/encoder.js';
export type { TrackKind } from './publishing/filler.js';
export { qualityFor, testUplink, type UplinkTestOptions } from './publishing/uplink-test.js';
export type { UplinkSecond, UplinkVerdict } from './publishing/uplink-history.js';
export type { PublisherWarning, PublisherWarningCode } from './publishing/warnings.js';
export { qualities, type Quality } from './quality.js';
export type { SentPictures } from './recorder.js';
export { setWords, type Notice, type NoticeCode, type NoticeParams, type PathFailure, type PathFailureCode, type PathFailureOf, type Words } from './words.js';
