// What a text for people says of each of those that it names.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "parser/prose/mention.h"
#include "parser/prose/phrases.h"

namespace bounced {

struct ProseRecipient {
  std::string_view address;      // as it stands
  std::string_view words;        // what is said of it, code and all; may be the whole text
  std::string_view origin = {};  // whom the mail was sent to, where it was passed on to this one
  bool delays = false;  // delivery to it is still being tried, whatever the report's kind is
};

struct WordsQuestion {
  std::string_view text;  // UTF-8, up to where the original begins
  const std::vector<ProsePhrases::Hit>& hits;
  const std::vector<Mention>& mentions;
  // Who failed, as `recipients` has them: the identity of each, and its place.
  const absl::flat_hash_map<std::string, std::size_t>& places;
  bool by_heading = false;                                // some of them head a paragraph
  const std::function<bool(std::string_view)>& says_why;  // ProseQuestion::says_why
};

// Sets what is said of each of `recipients` and takes out who got the mail. Linear in the text but
// for `says_why`, which is asked of two of its pieces at most.
void FindWords(const WordsQuestion& question, std::vector<ProseRecipient>& recipients);

// Whether a reply code that servers use to refuse mail begins a line. A number at the start of a
// line may be that of a house, too, so others do not count.
bool HasRefusalCode(std::string_view text);

}  // namespace bounced
