// The addresses that a text for people names, and how surely each is that of a failed recipient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/prose/phrases.h"

namespace bounced {

// How a text points at an address. kNone: it is somebody else's.
enum class Strength : std::uint8_t { kNone, kPlain, kLabelled, kHeading };

// An address in a text; places are octets of the text.
struct Mention {
  std::string_view address;
  std::size_t line;  // where its line begins
  std::size_t line_end;
  std::size_t begin;  // of the address
  std::size_t end;
  Strength strength = Strength::kNone;
  bool is_role;           // a postmaster's: named as help more often than as failed
  std::string key;        // its identity
  bool is_valid;          // as an address
  bool heads = false;     // a paragraph, in which stands what is said of it
  std::size_t label = 0;  // where the label in front of it begins; without one `begin`
  bool is_field = false;  // it stands among the fields that say which message is meant
};

struct MentionQuestion {
  std::string_view text;  // UTF-8, up to where the original begins
  const std::vector<ProsePhrases::Hit>& hits;
  const std::vector<std::string_view>& parties;  // ProseQuestion::parties
  bool doubtful = false;                         // ProseQuestion::doubtful
  bool heads_subject = false;                    // the subject is a report's own
};

// All of them, in their order. Linear in the text.
std::vector<Mention> FindMentions(const MentionQuestion& question);

// Whether no more stands between a label and its address, or between two phrases: blanks, a colon,
// brackets, a few of them.
bool IsGap(std::string_view gap);

// "550 5.1.1 <r@example.net>... User unknown".
bool BeginsWithReplyCode(std::string_view line);

}  // namespace bounced
