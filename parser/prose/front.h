// Where the message that came back begins in a report in words, and what is said in front of it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "parser/prose/phrases.h"

namespace bounced {

// Octets of a text that are looked at: who failed, and why, stands in front.
inline constexpr std::size_t kMaxProseOctets = 64 << 10;

// The names of header fields by which a message is known that follows without an announcement.
bool IsFieldOfMessage(std::string_view name);

struct ProseFront {
  std::size_t end;  // where the original begins; the size of the text: nowhere
  // In front of it, and in the lines that tell that it begins. Nothing behind those is looked for:
  // no phrase there says anything of the report.
  std::vector<ProsePhrases::Hit> hits;
};

// The original begins at a line that announces it (ProseRole::kOriginal), or with the header of a
// message: three of its fields in a row, or one that only a message that was under way has. Fields
// in front of what became of the message only say which one is meant; so do those, announced or
// not, behind which a label tells the reason ("Reason:", or a reply code) that nothing in front
// told, unless they are fields that only a message has. Linear.
ProseFront FindFront(std::string_view text);

}  // namespace bounced
