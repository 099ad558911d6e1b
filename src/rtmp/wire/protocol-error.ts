/** The other end does not speak RTMP as it should; the words say what was expected and what came. */
export class RtmpProtocolError extends Error {
  override readonly name = 'RtmpProtocolError';
  /** `over-limit`: it would be RTMP, but more of it than is taken. */
  readonly code: 'malformed' | 'over-limit';

  constructor(message: string, code: 'malformed' | 'over-limit' = 'malformed') {
    super(message);
    this.code = code;
  }
}
