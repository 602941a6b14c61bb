// Reports that follow no standard: what a text for people says of failed deliveries.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/prose/front.h"
#include "parser/prose/phrases.h"
#include "parser/prose/words.h"
#include "parser/taxonomy.h"

namespace bounced {

// Views into the text that was read.
struct ProseReport {
  // kBounce or kDelay. None: nothing says that mail was not delivered; then there is no recipient.
  std::optional<Kind> kind;
  bool in_subject = false;  // whether the subject says so
  std::vector<ProseRecipient> recipients;
  // Where the message that came back begins; the size of the text when it does not.
  std::size_t end = 0;
};

struct ProseQuestion {
  const ProseText& subject;               // decoded
  std::string_view text;                  // UTF-8; at most kMaxProseOctets
  std::vector<std::string_view> parties;  // addresses that cannot be the failed one: From, To
  bool returned = false;                  // a part of the message is the one that came back
  // Who wrote it may well be no mail system: it needs a reply code or the part that came back, and
  // a subject that says so and is no answer.
  bool doubtful = false;
  // Only the null path says that a mail system wrote it, which senders of other notices use, too:
  // the subject must say so, and the text must speak of mail and say so again or have proof.
  bool by_path = false;
  // Addresses that the header names as failed; when there are any, nobody else is.
  std::vector<std::string_view> failed;
  std::size_t max_recipients = 0;
  // Whether words tell why mail failed. Asked only where that decides whose they are; null: never.
  std::function<bool(std::string_view)> says_why = nullptr;
};

// Whether a subject is that of an answer, or of a message that somebody or a help desk passes on:
// "Re: ", "Fwd: ", "[Ticket#1] ", "Automatic reply: ".
bool IsAnswer(std::string_view subject);

// Reads a text in three steps, each by mechanisms that many hosts share; only words are data.
//
// 1. Where the original begins: a line that announces it (between dashes, or with a colon at its
//    end), or the first header of a message.
// 2. Whether mail was not delivered: the subject or the text before the original has a phrase that
//    says so. A phrase that is said of other things as well (kHint) needs a reply code, the message
//    that came back, or another phrase in the subject. A subject that is such a phrase, or begins
//    with it and a colon, is proof enough of a text whose words nobody knows; so is one that only
//    has it, where the text says why (kReason). Without these the text must speak of mail:
//    accounts, parcels and jobs fail as well.
// 3. Who failed: the addresses that begin a line as a heading does, alone on it, before a colon or
//    a time, or in brackets behind a name; else those behind a label ("Recipient:", "delivery to"),
//    or in front of one in languages that put it there; else the only one there is. An address of a
//    party, or behind a word for somebody else ("contact", "from"), is none; that of a postmaster
//    only where a failure is told right before it and nobody else is named. One among the fields
//    that say which message is meant counts least. What is said of it reaches from there to the
//    next one's heading, or, where all reasons stand above their recipients, from the one before to
//    it; where an address is named again, the piece that has a reply code is taken.
//
// Linear in the text. Total.
ProseReport ReadProse(const ProseQuestion& question);

}  // namespace bounced
