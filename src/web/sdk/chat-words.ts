import { answered, noticeIn, type ChatNoticeCode, type Notice, type NoticeParams, type Words } from './words.js';

const english: Pick<Words['notices'], ChatNoticeCode> = {
  'chat-unreachable': ({ status }) => `Can't reach the server: ${answered(status)}. Trying again.`,
  'chat-forbidden': () => 'This page may not take part in the chat.',
  'chat-full': () => 'There is no room in the chat right now. Trying again.',
  'chat-lost': () => 'The connection to the chat was lost. Trying again.',
};

export function chatNotice<Code extends ChatNoticeCode>(code: Code, params: NoticeParams[Code]): Notice<Code> {
  return noticeIn(english, code, params);
}
