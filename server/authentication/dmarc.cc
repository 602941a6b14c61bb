#include "server/authentication/dmarc.h"

#include <libpsl.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"
#include "server/authentication/message_fields.h"
#include "server/authentication/tag_list.h"

namespace bounced {
namespace {

// Never freed: it lives as long as the program.
const psl_ctx_t* PublicSuffixes() {
  static const psl_ctx_t* const suffixes = psl_latest(nullptr);
  return suffixes;
}

// Top-level domains begin with a letter (RFC 1123, 2.1); the last piece of an address does not.
bool IsName(std::string_view domain) {
  const std::size_t last = domain.rfind('.') + 1;
  return last < domain.size() && IsLetter(domain[last]);
}

// The mailbox that the value of a From field names (RFC 5322, 3.6.2). None: none, or several.
class SingleMailbox {
 public:
  static std::optional<std::string_view> Of(std::string_view value, std::string& room) {
    SingleMailbox reader(value, room);
    if (!reader.Read()) return std::nullopt;
    const std::string_view text = room;
    if (reader.open_ == text.npos) return StripBlanks(text);
    if (reader.close_ == text.npos || !StripBlanks(text.substr(reader.close_ + 1)).empty()) {
      return std::nullopt;
    }
    return StripBlanks(text.substr(reader.open_ + 1, reader.close_ - reader.open_ - 1));
  }

 private:
  SingleMailbox(std::string_view value, std::string& text) : value_(value), text_(text) {
    text_.clear();
  }

  // Copies all but comments to text_. False: it is not one mailbox.
  bool Read() {
    while (at_ < value_.size()) {
      const char c = value_[at_];
      if (c == '(') {
        if (!SkipComment()) return false;
        text_ += ' ';
      } else if (c == '"') {
        if (!ReadQuoted()) return false;
      } else {
        if (!Take(c)) return false;
        ++at_;
      }
    }
    // `a@b.example <c@d.example>`
    return open_ == std::string_view::npos || !has_at_in_name_;
  }

  bool Take(char c) {
    const bool is_in_brackets = open_ != std::string_view::npos && close_ == std::string_view::npos;
    if (c == '<') {
      if (open_ != std::string_view::npos) return false;
      open_ = text_.size();
    } else if (c == '>') {
      if (!is_in_brackets) return false;
      close_ = text_.size();
    } else if (!is_in_brackets) {
      if (IsOneOf(c, ",;:")) return false;  // a list, or a group
      has_at_in_name_ |= c == '@' && open_ == std::string_view::npos;
    }
    text_ += c;
    return true;
  }

  // Of a pair with a backslash the second octet means nothing (RFC 5322, 3.2.1).
  bool SkipComment() {
    std::size_t depth = 0;
    for (; at_ < value_.size(); ++at_) {
      const char c = value_[at_];
      if (c == '\\') {
        ++at_;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        ++at_;
        return true;
      }
    }
    return false;
  }

  bool ReadQuoted() {
    const std::size_t begin = at_;
    for (++at_; at_ < value_.size(); ++at_) {
      if (value_[at_] == '\\') {
        ++at_;
      } else if (value_[at_] == '"') {
        ++at_;
        text_ += value_.substr(begin, at_ - begin);
        return true;
      }
    }
    return false;
  }

  std::string_view value_;
  std::string& text_;
  std::size_t at_ = 0;
  std::size_t open_ = std::string_view::npos;   // of text_: where "<" is
  std::size_t close_ = std::string_view::npos;  // and ">"
  bool has_at_in_name_ = false;
};

struct Alignments {
  Alignment dkim = Alignment::kRelaxed;
  Alignment spf = Alignment::kRelaxed;
};

// Takes what stands before the next semicolon off `record`. None: that is no tag.
std::optional<Tag> TakeTag(std::string_view& record) {
  const std::size_t semicolon = std::min(record.find(';'), record.size());
  const std::optional<Tag> tag = ParseTag(record.substr(0, semicolon));
  record.remove_prefix(std::min(semicolon + 1, record.size()));
  return tag;
}

// None: `record` is none of DMARC's. What is wrong in it counts as if it were not there (RFC 7489,
// 6.3).
std::optional<Alignments> ReadAlignments(std::string_view record) {
  const std::optional<Tag> version = TakeTag(record);
  if (!version || version->name != "v" || version->value != "DMARC1") return std::nullopt;
  Alignments alignments;
  while (!record.empty()) {
    const std::optional<Tag> tag = TakeTag(record);
    if (!tag || !EqualsIgnoringCase(tag->value, "s")) continue;
    if (tag->name == "adkim") alignments.dkim = Alignment::kStrict;
    if (tag->name == "aspf") alignments.spf = Alignment::kStrict;
  }
  return alignments;
}

// RFC 7489, 6.6.3. None: there are no answers yet.
std::optional<Alignments> FindAlignments(const std::string& domain, dns::Lookups& lookups) {
  const std::string organization = OrganizationalDomain(domain);
  for (const std::string& each : {domain, organization}) {
    const dns::Answer* answer = lookups.Find(absl::StrCat("_dmarc.", each), dns::Type::kTxt);
    if (answer == nullptr) return std::nullopt;
    if (answer->outcome == dns::Outcome::kFailed) {
      return Alignments{Alignment::kStrict, Alignment::kStrict};
    }
    std::vector<Alignments> found;
    for (const std::string& text : answer->texts) {
      if (const std::optional<Alignments> read = ReadAlignments(text)) found.push_back(*read);
    }
    // Of several records none counts.
    if (!found.empty()) return found.size() == 1 ? found.front() : Alignments();
  }
  return Alignments();
}

}  // namespace

std::string OrganizationalDomain(std::string_view domain) {
  std::string name(domain);
  if (PublicSuffixes() == nullptr || !IsName(domain)) return name;
  const char* registered = psl_registrable_domain(PublicSuffixes(), name.c_str());
  return registered == nullptr ? name : std::string(registered);
}

bool IsAligned(std::string_view identifier, std::string_view domain, Alignment alignment) {
  if (identifier == domain) return true;
  return alignment == Alignment::kRelaxed &&
         OrganizationalDomain(identifier) == OrganizationalDomain(domain);
}

std::optional<std::string> AuthorDomain(std::string_view message) {
  const MessageFields parts = SplitMessage(message);
  const MessageField* from = nullptr;
  for (const MessageField& field : parts.fields) {
    if (!EqualsIgnoringCase(field.name, "from")) continue;
    if (from != nullptr) return std::nullopt;
    from = &field;
  }
  if (from == nullptr) return std::nullopt;
  std::string room;
  const std::optional<std::string_view> mailbox =
      SingleMailbox::Of(from->text.substr(from->text.find(':') + 1), room);
  if (!mailbox) return std::nullopt;
  const absl::StatusOr<Address> address = Address::Parse(*mailbox);
  if (!address.ok()) return std::nullopt;
  return std::string(address->domain());
}

std::optional<bool> HasAlignedIdentifier(std::span<const DkimResult> signatures,
                                         std::string_view spf_domain, std::string_view domain,
                                         dns::Lookups& lookups) {
  const auto has_aligned_signature = [&](Alignment alignment) {
    return std::any_of(signatures.begin(), signatures.end(), [&](const DkimResult& each) {
      return each.outcome == DkimOutcome::kPass && IsAligned(each.domain, domain, alignment);
    });
  };
  const auto is_spf_aligned = [&](Alignment alignment) {
    return !spf_domain.empty() && IsAligned(spf_domain, domain, alignment);
  };
  // Mostly the record makes no difference.
  if (has_aligned_signature(Alignment::kStrict) || is_spf_aligned(Alignment::kStrict)) return true;
  const bool dkim = has_aligned_signature(Alignment::kRelaxed);
  const bool spf = is_spf_aligned(Alignment::kRelaxed);
  if (!dkim && !spf) return false;
  const std::optional<Alignments> alignments = FindAlignments(std::string(domain), lookups);
  if (!alignments) return std::nullopt;
  return (dkim && alignments->dkim == Alignment::kRelaxed) ||
         (spf && alignments->spf == Alignment::kRelaxed);
}

}  // namespace bounced
