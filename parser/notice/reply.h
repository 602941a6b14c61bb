// Mail that a message of ours provoked and that reports no delivery: answers of machines, wishes to
// be left alone.
#pragma once

#include <cstdint>
#include <string_view>

#include "parser/mime/message_header.h"
#include "parser/notice/meaning.h"
#include "parser/prose/phrases.h"

namespace bounced {

enum class Reply : std::uint8_t {
  kNone,
  // A machine made it by itself, or a header asks machines not to answer it: an answer, if nothing
  // else explains it.
  kMaybeAutomatic,
  kAutomatic,    // a machine answered for somebody: out of office, thanks for your mail
  kChallenge,    // it wants the sender to prove that he is human
  kUnsubscribe,  // what a mail program sends to a List-Unsubscribe address (RFC 2369, 3.2)
  kComplaint,    // the same from Apple's Mail, which sends it for what was taken for junk
};

// By the header and its subject, decoded, and the beginning of the text, in UTF-8. The signs are
// those of RFC 3834, 5 (Auto-Submitted), and what vacation programs and hosts write beside it or
// instead: Precedence: auto_reply, X-Autoreply and its kin, X-Auto-Response-Suppress, a subject
// that begins with the words for it in any of the languages of phrases.toml. A header can be
// forged: nothing here suppresses but an unsubscribe, and that only on an address that vouches for
// it. Total and linear.
Reply FindReply(const MessageHeader& header, const ProseText& subject, std::string_view text);
Meaning MeaningOf(Reply reply);

}  // namespace bounced
