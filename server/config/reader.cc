#include "server/config/reader.h"

#include <optional>

#include "absl/strings/numbers.h"

namespace bounced {
namespace {

struct Unit {
  char letter;
  absl::Duration length;
};
// From the longest, so that a duration is shown in the greatest unit that fits.
constexpr Unit kUnits[] = {{'d', absl::Hours(24)},
                           {'h', absl::Hours(1)},
                           {'m', absl::Minutes(1)},
                           {'s', absl::Seconds(1)}};
// A century, which no sum of ours exceeds.
constexpr std::int64_t kMaxUnits = 36'500;

// Infinite, and so above every bound: longer than kMaxUnits days. None: no time.
std::optional<absl::Duration> ParseDuration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  if (digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.letter != text.back()) continue;
    std::int64_t count = 0;
    const bool fits = absl::SimpleAtoi(Absl(digits), &count);
    if (!fits || count > kMaxUnits * (absl::Hours(24) / unit.length)) {
      return absl::InfiniteDuration();
    }
    return count * unit.length;
  }
  return std::nullopt;
}

// Levenshtein's.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

// Names in messages are cut: a key may be as long as the file.
constexpr std::size_t kMaxShownOctets = 100;

absl::Status AtLine(toml::source_index line, std::string_view path, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(line, ": ", Presentable(path, kMaxShownOctets), ": ", Absl(what)));
}

}  // namespace

absl::StatusOr<std::int64_t> IntegerOf(const toml::node& node, std::int64_t min, std::int64_t max) {
  const toml::value<std::int64_t>* value = node.as_integer();
  if (value == nullptr) return absl::InvalidArgumentError("must be a whole number");
  if (value->get() < min || value->get() > max) {
    return absl::InvalidArgumentError(absl::StrCat("must be ", min, " to ", max));
  }
  return value->get();
}

absl::StatusOr<double> NumberOf(const toml::node& node, double max) {
  const std::optional<double> value =
      node.is_number() ? node.value<double>() : std::optional<double>();
  if (!value) return absl::InvalidArgumentError("must be a number");
  // Written so that what is no number fails, too.
  if (!(*value >= 0 && *value <= max)) {
    return absl::InvalidArgumentError(absl::StrCat("must be 0 to ", max));
  }
  return *value;
}

absl::StatusOr<std::string> TextOf(const toml::node& node, std::size_t min_octets,
                                   std::size_t max_octets) {
  const toml::value<std::string>* value = node.as_string();
  if (value == nullptr) return absl::InvalidArgumentError("must be a text in quotes");
  std::size_t octets = value->get().size();
  if (octets < min_octets) return absl::InvalidArgumentError("must not be empty");
  if (octets > max_octets) {
    return absl::InvalidArgumentError(absl::StrCat("longer than ", max_octets, " octets"));
  }
  return value->get();
}

absl::StatusOr<absl::Duration> DurationOf(const toml::node& node, absl::Duration min,
                                          absl::Duration max) {
  const toml::value<std::string>* value = node.as_string();
  std::optional<absl::Duration> duration =
      value == nullptr ? std::nullopt : ParseDuration(value->get());
  if (!duration) {
    return absl::InvalidArgumentError(
        "must be a time in quotes, as \"300s\", \"5m\", \"1h\", \"30d\"");
  }
  if (*duration < min || *duration > max) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be \"", ShowDuration(min), "\" to \"", ShowDuration(max), "\""));
  }
  return *duration;
}

absl::StatusOr<std::vector<std::string>> TextListOf(const toml::node& node, std::size_t min_count,
                                                    std::size_t max_count, std::size_t max_octets) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return absl::InvalidArgumentError("must be a list, as [\"...\"]");
  if (array->size() < min_count || array->size() > max_count) {
    return absl::InvalidArgumentError(
        absl::StrCat("must have ", min_count, " to ", max_count, " entries"));
  }
  std::vector<std::string> texts;
  for (const toml::node& each : *array) {
    absl::StatusOr<std::string> text = TextOf(each, 1, max_octets);
    if (!text.ok()) return text.status();
    texts.push_back(*std::move(text));
  }
  return texts;
}

std::string ShowDuration(absl::Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration != absl::ZeroDuration() && duration % unit.length == absl::ZeroDuration()) {
      return absl::StrCat(duration / unit.length, std::string(1, unit.letter));
    }
  }
  return absl::StrCat(absl::ToInt64Seconds(duration), "s");
}

absl::Status At(const toml::node& node, std::string_view path, std::string_view what) {
  return AtLine(node.source().begin.line, path, what);
}

absl::Status UnknownKey(const toml::key& key, std::string_view path,
                        const std::vector<std::string_view>& known) {
  std::string_view given = key.str().substr(0, kMaxShownOctets);
  std::string_view nearest = *std::min_element(known.begin(), known.end(),
                                               [given](std::string_view a, std::string_view b) {
                                                 return Distance(given, a) < Distance(given, b);
                                               });
  return AtLine(key.source().begin.line, path,
                absl::StrCat("unknown key; the nearest known one is \"", Absl(nearest), "\""));
}

}  // namespace bounced
