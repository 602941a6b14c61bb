#include "parser/dsn/explanation.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "parser/address.h"
#include "parser/dsn/enhanced_status.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/smtp_reply.h"
#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

// An address that begins a line.
struct Head {
  std::string_view address;
  std::size_t indent;
  std::string_view rest;  // of the line
};

// Where the address that `s` begins with ends: a quoted local part may hold anything.
std::size_t AddressEnd(std::string_view s) {
  std::size_t at = 0;
  if (s.starts_with('"')) {
    for (at = 1; at < s.size() && s[at] != '"'; ++at) {
      if (s[at] == '\\') ++at;
    }
  }
  constexpr AsciiSet kEnds(">:, \t");
  return kEnds.FirstIn(s, at);
}

// "550 5.1.1 <r@example.net>... User unknown": a line of a transcript, which ends with it.
std::optional<Head> ReadTranscriptLine(std::string_view line) {
  if (!BeginsWithFailureCode(line) || line[kCodeOctets] != ' ') return std::nullopt;
  std::string_view rest = line.substr(kCodeOctets + 1);
  if (const std::optional<LeadingStatus> status = ReadEnhancedStatus(rest)) {
    rest.remove_prefix(status->length);
  }
  rest = StripBlanks(rest);
  if (!rest.starts_with('<')) return std::nullopt;
  const std::size_t end = rest.find(">...");
  if (end == rest.npos) return std::nullopt;
  return Head{rest.substr(1, end - 1), 0, line};
}

std::optional<Head> ReadHead(std::string_view line) {
  const std::size_t indent = IndentOf(line);
  std::string_view rest = line.substr(indent);
  const bool bracket = rest.starts_with('<');
  if (bracket) rest.remove_prefix(1);
  // Nothing longer is an address of ours, in octal escapes or not.
  const std::size_t end = AddressEnd(rest.substr(0, 4 * kMaxPathOctets + 2));
  Head head{rest.substr(0, end), indent, rest.substr(end)};
  if (head.address.find('@') == std::string_view::npos) return std::nullopt;
  if (bracket) {
    if (!head.rest.starts_with('>')) return std::nullopt;
    head.rest.remove_prefix(1);
  }
  const bool ends =
      head.rest.empty() || head.rest[0] == ':' || head.rest[0] == ' ' || head.rest[0] == '\t';
  if (!ends) return std::nullopt;
  if (head.rest.starts_with(':')) head.rest.remove_prefix(1);
  return head;
}

// What was found of each address. Most reports are about one, which needs no table.
class WordsByAddress {
 public:
  explicit WordsByAddress(const std::vector<std::string_view>& addresses) {
    if (addresses.size() == 1) {
      only_key_ = Key(addresses[0]);
      return;
    }
    for (const std::string_view address : addresses) {
      if (!address.empty()) by_key_.try_emplace(Key(address));
    }
  }

  // Null: it is none of the addresses.
  std::string_view* Find(std::string_view address) {
    if (!only_key_.empty()) {
      const bool is_plain = address.find('\\') == address.npos;
      const bool is_it =
          is_plain ? EqualsIgnoringCase(address, only_key_) : Key(address) == only_key_;
      return is_it ? &only_words_ : nullptr;
    }
    const auto found = by_key_.find(std::string_view(Key(address)));
    return found == by_key_.end() ? nullptr : &found->second;
  }

 private:
  static std::string Key(std::string_view address) {
    std::string key = DecodeOctal(address);
    FoldCaseIn(key);
    return key;
  }

  std::string only_key_;  // empty: there are none, or several
  std::string_view only_words_;
  StringMap<std::string_view> by_key_;
};

}  // namespace

std::vector<std::string_view> FindExplanations(std::string_view text,
                                               const std::vector<std::string_view>& addresses) {
  WordsByAddress words(addresses);
  const std::string_view* const only = addresses.size() == 1 ? words.Find(addresses[0]) : nullptr;
  std::string_view* at_hand = nullptr;
  std::size_t indent = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  const auto finish = [&] {
    if (at_hand != nullptr && at_hand->empty()) {
      *at_hand = StripBlanks(text.substr(begin, end - begin));
    }
    at_hand = nullptr;
  };
  Lines lines(text);
  while (true) {
    if (at_hand == nullptr && addresses.size() == 1) {
      // Of one alone nothing is said but behind its address, where it stands first.
      if (only == nullptr || !only->empty()) break;
      const std::size_t at = text.find('@', lines.at());
      if (at == text.npos) break;
      lines = Lines(text, LineBegin(text, at));
    }
    const std::optional<Line> line = lines.Next();
    if (!line) break;
    const std::size_t line_indent = line->text.find_first_not_of(" \t");
    if (at_hand != nullptr && line_indent != line->text.npos && line_indent > indent) {
      end = line->begin + line->text.size();
      continue;
    }
    finish();
    std::optional<Head> head = ReadHead(line->text);
    if (!head && addresses.size() > 1) head = ReadTranscriptLine(line->text);
    if (!head) continue;
    at_hand = words.Find(head->address);
    if (at_hand == nullptr) continue;
    indent = head->indent;
    begin = static_cast<std::size_t>(head->rest.data() - text.data());
    end = begin + head->rest.size();
  }
  finish();
  std::vector<std::string_view> found;
  found.reserve(addresses.size());
  for (const std::string_view address : addresses) {
    std::string_view* const about = words.Find(address);
    found.push_back(about == nullptr ? std::string_view() : std::exchange(*about, {}));
  }
  return found;
}

std::string_view OriginIn(std::string_view words) {
  constexpr std::string_view kIntroductions[] = {"(expanded from", "(generated from",
                                                 "(ultimately generated from"};
  constexpr AsciiSet kBefore(": <\t\r\n");
  constexpr AsciiSet kBehind("> \t\r\n)");
  words = StripBlanks(words);
  for (const std::string_view introduction : kIntroductions) {
    if (!StartsWithIgnoringCase(words, introduction)) continue;
    words.remove_prefix(introduction.size());
    words.remove_prefix(kBefore.FirstNotIn(words));
    const std::string_view origin = words.substr(0, kBehind.FirstIn(words));
    const bool is_address = origin.size() <= kMaxPathOctets && Address::Parse(origin).ok();
    return is_address ? origin : std::string_view();
  }
  return {};
}

}  // namespace bounced
