#include "parser/mime/walk.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "parser/mime/field_reader.h"
#include "parser/mime/lines.h"
#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

Span Place(std::size_t offset, std::size_t length) {
  return {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)};
}

bool IsBlankLine(const Line& line) { return line.text.empty(); }

std::string_view WithoutTrailingBlanks(std::string_view s) {
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

// One pass. The state is the stack of open multiparts and what the line at hand belongs to.
class Walker {
 public:
  // `top_boundary`, when there is one, stands for that of the message itself.
  Walker(std::string_view message, const ParserLimits& limits, Remarks& remarks,
         std::optional<std::string> top_boundary)
      : message_(message),
        limits_(limits),
        remarks_(remarks),
        top_boundary_(std::move(top_boundary)) {}

  std::vector<Part> Walk() {
    constexpr std::size_t kUsualParts = 4;
    parts_.reserve(kUsualParts);
    Open(0);
    Lines lines(message_);
    // A line that mbox files put before the header (RFC 4155).
    if (message_.starts_with("From ") || message_.starts_with(">From ")) {
      header_begin_ = lines.Next()->end;
    }
    while (!full_) {
      // Of a body only what may delimit it is of interest.
      if (!in_header_) lines = Lines(message_, FindHyphens(lines.at()));
      const std::optional<Line> line = lines.Next();
      if (!line) break;
      Take(*line, lines);
    }
    if (in_header_) EndHeader(message_.size(), message_.size());
    for (const Open_& open : stack_) parts_[open.part].closed = false;
    if (last_leaf_ && !full_) EndBody(message_.size());
    return std::move(parts_);
  }

  // The boundary that the message seems to have, if its own never came.
  std::optional<std::string> BetterBoundary() const {
    const bool hopeless = !parts_seen_ && candidate_;
    return hopeless ? candidate_ : std::nullopt;
  }

 private:
  struct Open_ {
    std::size_t part;
    std::string boundary;
  };
  struct Delimiter {
    std::size_t level;  // of the stack
    bool closes;
  };

  // The next line that begins with two hyphens, from the one at `at` on; the end: there is none,
  // or no multipart that it could delimit.
  std::size_t FindHyphens(std::size_t at) const {
    if (stack_.empty()) return message_.size();
    const auto is_hyphen = [](auto c) { return c == '-'; };
    const auto are_hyphens = [](auto first, auto second) {
      return (first == '-') & (second == '-');
    };
    do {
      at = FindRow<2>(message_, is_hyphen, are_hyphens, at);
      if (at == 0 || at == message_.size() || IsLineEnd(message_[at - 1])) return at;
    } while (++at < message_.size());
    return message_.size();
  }

  // `behind` is what follows the line.
  void Take(const Line& line, const Lines& behind) {
    const bool is_folded =
        !line.text.empty() && (line.text.front() == ' ' || line.text.front() == '\t');
    if (is_folded && has_fields_) return;  // in a body no such line is taken
    if (line.text.starts_with("--")) {
      Guess(line, behind);
      if (const std::optional<Delimiter> delimiter = Match(line.text)) {
        TakeDelimiter(line, *delimiter);
        return;
      }
    }
    if (!in_header_) return;
    if (IsBlankLine(line)) {
      EndHeader(line.begin, line.end);
      return;
    }
    const std::string_view name = FieldName(line.text);
    if (!name.empty()) {
      NoteField(name, line.begin);
      return;
    }
    // One odd line between fields is passed over; otherwise the body has begun.
    const std::optional<Line> next = Lines(behind).Next();
    const bool field_follows = next && !FieldName(next->text).empty() && has_fields_;
    if (!field_follows) EndHeader(line.begin, line.begin);
  }

  // Of the fields of a header two say how to read on.
  void NoteField(std::string_view name, std::size_t begin) {
    has_fields_ = true;
    if (begin - header_begin_ > limits_.max_header_bytes) return;
    if (EqualsIgnoringCase(name, "content-type")) {
      content_types_.push_back(begin);
    } else if (!transfer_encoding_ && EqualsIgnoringCase(name, "content-transfer-encoding")) {
      transfer_encoding_ = begin;
    }
  }

  // A multipart without a boundary takes the first that looks like one.
  void Guess(const Line& line, const Lines& behind) {
    if (in_header_ || stack_.empty() || line.text.size() < 3) return;
    const std::optional<Line> next = Lines(behind).Next();
    if (!next) return;
    if (!StartsWithIgnoringCase(next->text, "content-")) return;
    const std::string_view boundary = WithoutTrailingBlanks(line.text.substr(2));
    if (stack_.back().boundary.empty()) {
      remarks_.Add("no boundary; one was guessed", Place(line.begin, line.text.size()));
      stack_.back().boundary = Cut(boundary);
    } else if (!parts_seen_ && !candidate_) {
      candidate_ = Cut(boundary);
    }
  }

  std::string Cut(std::string_view boundary) {
    if (boundary.size() > limits_.max_boundary) remarks_.Add("bound:max_boundary", {});
    return std::string(boundary.substr(0, limits_.max_boundary));
  }

  // The innermost open multipart that `line`, which starts with "--", delimits or closes.
  std::optional<Delimiter> Match(std::string_view line) const {
    const std::string_view text = WithoutTrailingBlanks(line.substr(2));
    for (std::size_t level = stack_.size(); level-- > 0;) {
      const std::string_view boundary = stack_[level].boundary;
      if (boundary.empty() || !text.starts_with(boundary)) continue;
      const std::string_view rest = text.substr(boundary.size());
      // A boundary as long as the bound was cut, so what it begins with is all that is compared.
      const bool was_cut = boundary.size() == limits_.max_boundary;
      if (rest == "--" || (was_cut && rest.ends_with("--"))) return Delimiter{level, true};
      if (rest.empty() || was_cut) return Delimiter{level, false};
    }
    return std::nullopt;
  }

  void TakeDelimiter(const Line& line, const Delimiter& delimiter) {
    const std::size_t end = EndBefore(line.begin);
    if (in_header_) EndHeader(end, end);
    if (last_leaf_) {
      EndBody(end);
      parts_[*last_leaf_].closed = true;
      last_leaf_.reset();
    }
    parts_seen_ = true;
    for (std::size_t level = delimiter.level + 1; level < stack_.size(); ++level) {
      CloseMultipart(stack_[level].part, end);
    }
    stack_.resize(delimiter.level + 1);
    if (delimiter.closes) {
      CloseMultipart(stack_.back().part, line.end);
      stack_.pop_back();
    } else {
      Open(line.end);
    }
  }

  void CloseMultipart(std::size_t part, std::size_t end) {
    parts_[part].closed = true;
    if (part == 0) return;  // its body is all that follows the header
    const auto begin = static_cast<std::size_t>(parts_[part].body.data() - message_.data());
    parts_[part].body = message_.substr(begin, std::max(begin, end) - begin);
  }

  // The line break before a delimiter belongs to it (RFC 2046, 5.1.1).
  std::size_t EndBefore(std::size_t at) const {
    if (at > 0 && message_[at - 1] == '\n') --at;
    if (at > 0 && message_[at - 1] == '\r') --at;
    return std::max(at, body_begin_);
  }

  void Open(std::size_t at) {
    if (parts_.size() >= limits_.max_parts) {
      remarks_.Add("bound:max_parts", Place(at, 0));
      full_ = true;
      return;
    }
    in_header_ = true;
    has_fields_ = false;
    content_types_.clear();
    transfer_encoding_.reset();
    header_begin_ = at;
    body_begin_ = at;
  }

  void EndHeader(std::size_t header_end, std::size_t body_begin) {
    in_header_ = false;
    body_begin_ = body_begin;
    Part& part = parts_.emplace_back();
    part.header =
        message_.substr(header_begin_, std::max(header_end, header_begin_) - header_begin_);
    part.body = message_.substr(body_begin);
    part.depth = static_cast<int>(stack_.size());
    ReadHeader(part);
    if (!Descend(part)) last_leaf_ = parts_.size() - 1;
  }

  bool Descend(const Part& part) {
    if (!part.type.IsMultipart()) return false;
    if (stack_.size() >= limits_.max_depth) {
      remarks_.Add("bound:max_depth", Place(body_begin_, 0));
      return false;
    }
    std::string boundary = Cut(part.type.boundary);
    if (parts_.size() == 1 && top_boundary_) boundary = *top_boundary_;
    stack_.push_back({parts_.size() - 1, std::move(boundary)});
    return true;
  }

  void EndBody(std::size_t end) {
    Part& part = parts_[*last_leaf_];
    part.body = message_.substr(body_begin_, std::max(end, body_begin_) - body_begin_);
  }

  void ReadHeader(Part& part) {
    std::string_view header = part.header;
    if (header.size() > limits_.max_header_bytes) {
      remarks_.Add("bound:max_header_bytes", Place(header_begin_, header.size()));
      header = header.substr(0, limits_.max_header_bytes);
      part.header = header;
    }
    // Of several types the first that is one.
    for (const std::size_t begin : content_types_) {
      if (part.type.stated) break;
      part.type = ParseContentType(ValueAt(header, begin));
    }
    if (transfer_encoding_) {
      part.encoding = ParseTransferEncoding(ValueAt(header, *transfer_encoding_));
    }
  }

  // The value of the field that begins at `begin` of the message. Empty: it lies beyond `header`.
  std::string_view ValueAt(std::string_view header, std::size_t begin) {
    header.remove_prefix(std::min(begin - header_begin_, header.size()));
    const std::optional<Field> field = FieldReader(header, limits_.max_line).Next();
    if (!field) return {};
    if (field->cut) remarks_.Add("bound:max_line", Place(begin, field->text.size()));
    return field->value;
  }

  const std::string_view message_;
  const ParserLimits& limits_;
  Remarks& remarks_;
  const std::optional<std::string> top_boundary_;
  std::vector<Part> parts_;
  std::vector<Open_> stack_;
  std::optional<std::size_t> last_leaf_;  // the part that the line at hand is in the body of
  bool in_header_ = false;
  bool has_fields_ = false;                       // the header at hand
  std::vector<std::size_t> content_types_;        // where such fields begin,
  std::optional<std::size_t> transfer_encoding_;  // and the first of those
  bool parts_seen_ = false;                       // a delimiter came
  bool full_ = false;
  std::size_t header_begin_ = 0;
  std::size_t body_begin_ = 0;
  std::optional<std::string> candidate_;
};

}  // namespace

std::vector<Part> WalkParts(std::string_view message, const ParserLimits& limits,
                            Remarks& remarks) {
  Walker walker(message, limits, remarks, std::nullopt);
  std::vector<Part> parts = walker.Walk();
  std::optional<std::string> better = walker.BetterBoundary();
  if (!better) return parts;
  remarks.Add("the boundary does not match; one was guessed", {});
  return Walker(message, limits, remarks, std::move(better)).Walk();
}

}  // namespace bounced
