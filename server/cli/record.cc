#include "server/cli/record.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/json_machine.h"

namespace bounced::cli {
namespace {

// One row of JSON, from the left.
class JsonReader {
 public:
  JsonReader(std::string_view json, Record& record) : rest_(json), record_(record) {}

  absl::Status Read() {
    if (rest_.starts_with('"')) {
      if (!String(value_)) return Bad();
      if (!Keep("address")) return status_;
    } else if (!Value("", 0)) {
      return Bad();
    }
    Space();
    return rest_.empty() ? absl::OkStatus() : Bad();
  }

 private:
  enum class Keeping : bool { kNo, kYes };

  absl::Status Bad() const {
    return status_.ok() ? absl::InvalidArgumentError("not JSON") : status_;
  }

  bool Take(char c) {
    Space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void Space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  // The value under `name`. Recursion ends with the depth that JsonMachine lets through.
  bool Value(const std::string& name, int depth, Keeping keeping = Keeping::kYes) {
    if (depth > kMaxJsonDepth) return false;
    Space();
    if (rest_.starts_with('{')) return Object(name, depth + 1, keeping);
    if (rest_.starts_with('[')) return Array(name, depth + 1, keeping);
    value_.clear();
    if (TakeWord("null")) {
      // An empty value: the name is there.
    } else if (rest_.starts_with('"')) {
      if (!String(value_)) return false;
    } else if (TakeWord("true")) {
      value_ = "true";
    } else if (TakeWord("false")) {
      value_ = "false";
    } else if (!Number()) {
      return false;
    }
    return keeping == Keeping::kNo || Keep(name);
  }

  bool Object(const std::string& name, int depth, Keeping keeping) {
    Take('{');
    if (Take('}')) return true;
    do {
      Space();
      std::string key;
      if (!String(key) || !Take(':')) return false;
      key = NormalizedName(key);
      if (!Value(name.empty() ? key : absl::StrCat(name, ".", key), depth, keeping)) return false;
    } while (Take(','));
    return Take('}');
  }

  bool Array(const std::string& name, int depth, Keeping keeping) {
    Take('[');
    if (Take(']')) {
      value_.clear();
      return keeping == Keeping::kNo || Keep(name);
    }
    do {
      Space();
      const bool is_object = rest_.starts_with('{');
      if (!Value(name, depth, is_object ? Keeping::kNo : keeping)) return false;
    } while (Take(','));
    return Take(']');
  }

  bool Number() {
    std::size_t at = rest_.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
      const std::size_t from = at;
      while (at < rest_.size() && IsDigit(rest_[at])) ++at;
      return at > from;
    };
    const bool zero = at < rest_.size() && rest_[at] == '0';
    const std::size_t from = at;
    if (!digits() || (zero && at - from > 1)) return false;
    if (at < rest_.size() && rest_[at] == '.') {
      ++at;
      if (!digits()) return false;
    }
    if (at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) {
      ++at;
      if (at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-')) ++at;
      if (!digits()) return false;
    }
    value_ = rest_.substr(0, at);
    rest_.remove_prefix(at);
    return true;
  }

  bool String(std::string& out) {
    out.clear();
    if (!Take('"')) return false;
    for (;;) {
      std::size_t end = 0;
      while (end < rest_.size() && rest_[end] != '"' && rest_[end] != '\\') {
        if (static_cast<unsigned char>(rest_[end]) < 0x20) return false;
        ++end;
      }
      if (end == rest_.size()) return false;
      out += rest_.substr(0, end);
      const bool over = rest_[end] == '"';
      rest_.remove_prefix(end + 1);
      if (over) return true;
      if (!Escape(out)) return false;
    }
  }

  bool Escape(std::string& out) {
    if (rest_.empty()) return false;
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == 'u') return UnicodeEscape(out);
    const std::size_t letter = kLetters.find(c);
    if (letter == kLetters.npos) return false;
    out += kMeanings[letter];
    return true;
  }

  std::optional<char32_t> CodeUnit() {
    if (rest_.size() < 4) return std::nullopt;
    char32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = FoldCase(rest_[static_cast<std::size_t>(i)]);
      if (IsDigit(c)) {
        unit = unit << 4 | static_cast<char32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        unit = unit << 4 | static_cast<char32_t>(c - 'a' + 10);
      } else {
        return std::nullopt;
      }
    }
    rest_.remove_prefix(4);
    return unit;
  }

  bool UnicodeEscape(std::string& out) {
    std::optional<char32_t> c = CodeUnit();
    if (!c) return false;
    if (*c >= 0xD800 && *c < 0xDC00) {
      if (!TakeWord("\\u")) return false;
      const std::optional<char32_t> low = CodeUnit();
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
      c = 0x10000 + ((*c - 0xD800) << 10) + (*low - 0xDC00);
    } else if (*c >= 0xDC00 && *c <= 0xDFFF) {
      return false;
    }
    const auto octet = [&out](char32_t value) { out += static_cast<char>(value); };
    if (*c < 0x80) {
      octet(*c);
    } else if (*c < 0x800) {
      octet(0xC0 | *c >> 6);
      octet(0x80 | (*c & 0x3F));
    } else if (*c < 0x10000) {
      octet(0xE0 | *c >> 12);
      octet(0x80 | (*c >> 6 & 0x3F));
      octet(0x80 | (*c & 0x3F));
    } else {
      octet(0xF0 | *c >> 18);
      octet(0x80 | (*c >> 12 & 0x3F));
      octet(0x80 | (*c >> 6 & 0x3F));
      octet(0x80 | (*c & 0x3F));
    }
    return true;
  }

  bool Keep(std::string_view name) {
    status_ = CheckField(value_);
    if (status_.ok() && record_.fields().size() == kMaxRecordFields) {
      status_ = absl::InvalidArgumentError(absl::StrCat("more than ", kMaxRecordFields, " fields"));
    }
    if (!status_.ok()) return false;
    Record::Field& field = record_.Add();
    field.name = name;
    field.value = value_;
    return true;
  }

  std::string_view rest_;
  Record& record_;
  std::string value_;
  absl::Status status_;
};

}  // namespace

std::string NormalizedName(std::string_view name) {
  std::string normalized;
  for (char c : StripBlanks(name)) {
    if (c != ' ' && c != '-' && c != '_') normalized += FoldCase(c);
  }
  return normalized;
}

std::string_view Record::Get(std::string_view normalized_name) const {
  for (const Field& field : fields()) {
    if (field.name == normalized_name) return StripBlanks(field.value);
  }
  return "";
}

absl::Status CheckField(std::string_view value) {
  if (value.size() > kMaxFieldOctets) {
    return absl::InvalidArgumentError(
        absl::StrCat("a field is longer than ", kMaxFieldOctets, " octets"));
  }
  if (value.find('\0') != value.npos) return absl::InvalidArgumentError("a field holds a NUL");
  if (!IsValidUtf8(value)) return absl::InvalidArgumentError("not UTF-8");
  return absl::OkStatus();
}

absl::Status ReadJson(std::string_view json, Record& record) {
  return JsonReader(json, record).Read();
}

}  // namespace bounced::cli
