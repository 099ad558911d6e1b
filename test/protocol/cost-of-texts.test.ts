import t from 'tap';
import { costOf } from '../../scripts/fuzz/cost.js';
import { chatTexts, jsonTexts } from '../../scripts/fuzz/crafted-texts.js';
import { parseChatRequest } from '../../src/protocol/chat-messages.js';
import { likenessOf, readChatName, readChatText } from '../../src/protocol/chat-text.js';
import { parsePublisherMessage } from '../../src/protocol/ingest-messages.js';

/** So many times what it takes to copy a message's bytes one by one; reading an honest sentence takes some 35. */
const mostCopies = 250;
const measured = { rounds: 8, goodCopies: mostCopies };
/** As short as is taken, the longest that is looked at, and as long as a message may be. */
const lengths = [128, 300, 1200, 4000, 8000];

function refusing(act: () => void): () => void {
  return () => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  };
}

t.test('no text or name of a chat costs more than a small constant a byte, whatever it is made of', async (t) => {
  for (const length of lengths) {
    for (const [idea, text] of chatTexts(length)) {
      const bytes = Buffer.from(text);
      const asText = costOf(bytes, refusing(() => readChatText(text)), measured);
      const asName = costOf(bytes, refusing(() => likenessOf(readChatName(text))), measured);
      t.ok(Math.max(asText.copies, asName.copies) < mostCopies, `${idea}, ${bytes.length} bytes: ${asText.copies.toFixed(1)} and ${asName.copies.toFixed(1)} copies`);
    }
  }
});

t.test('no JSON of a page costs more than a small constant a byte, whatever it is made of', async (t) => {
  for (const length of lengths) {
    for (const [idea, text] of jsonTexts(length)) {
      const bytes = Buffer.from(text);
      const ofChat = costOf(bytes, refusing(() => parseChatRequest(text)), measured);
      const ofPublisher = costOf(bytes, refusing(() => parsePublisherMessage(text)), measured);
      t.ok(Math.max(ofChat.copies, ofPublisher.copies) < mostCopies, `${idea}, ${bytes.length} bytes: ${ofChat.copies.toFixed(1)} and ${ofPublisher.copies.toFixed(1)} copies`);
    }
  }
});

t.test('what is too long for any message is refused unread, and says where media belongs', async (t) => {
  t.throws(() => parsePublisherMessage('['.repeat(65_537)), new TypeError('expected a message of at most 65536 characters, got 65537 (media is sent in binary messages)'));
  const mimeType = 'x'.repeat(65_000);
  t.strictSame(parsePublisherMessage(JSON.stringify({ type: 'recording', mimeType })), { type: 'recording', mimeType });
});
