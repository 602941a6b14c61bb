#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/diagnostic.h"
#include "parser/rules.h"
#include "parser/taxonomy.h"
#include "parser/text.h"
#include "server/cli/list_format.h"
#include "server/cli/output.h"
#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

constexpr std::size_t kMaxExplanationOctets = 1'000;  // the server takes no more
constexpr std::size_t kMaxShownFields = 20;

// Calls `take` with each of the names of `field` until it says true.
template <typename TakeName>
bool AnyName(std::string_view field, TakeName take) {
  while (!field.empty()) {
    const std::size_t bar = std::min(field.find('|'), field.size());
    if (take(field.substr(0, bar))) return true;
    field.remove_prefix(std::min(bar + 1, field.size()));
  }
  return false;
}

std::string_view Get(const Record& record, std::string_view field) {
  std::string_view value;
  AnyName(field, [&](std::string_view name) {
    value = record.Get(name);
    return !value.empty();
  });
  return value;
}

bool Has(const std::vector<std::string>& names, std::string_view field) {
  return AnyName(field, [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

bool IsOf(const std::vector<std::string_view>& fields, std::string_view wanted) {
  return std::any_of(fields.begin(), fields.end(), [&](std::string_view field) {
    return AnyName(field, [&](std::string_view name) { return name == wanted; });
  });
}

// What the server takes of a text: not too long, cut on a character, and with a blank for each
// control character but those of white space.
std::string ExplanationOf(std::string_view text) {
  std::size_t octets = text.size();
  if (octets > kMaxExplanationOctets) {
    octets = kMaxExplanationOctets;
    while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xC0) == 0x80) --octets;
  }
  std::string explanation(text.substr(0, octets));
  for (char& c : explanation) {
    const bool is_space = c == '\t' || c == '\r' || c == '\n';
    if (static_cast<unsigned char>(c) < 0x20 && !is_space) c = ' ';
  }
  return explanation;
}

// --- Our own formats

using SetField = absl::Status (*)(v1::Suppression&, std::string_view);

absl::StatusOr<google::protobuf::Timestamp> ReadTime(std::string_view name,
                                                     std::string_view value) {
  absl::StatusOr<absl::Time> time = ParseFullTime(value);
  if (time.ok()) return ToTimestamp(*time);
  return absl::InvalidArgumentError(absl::StrCat(Absl(name), ": ", time.status().message()));
}

// `bounce`, or SOURCE_BOUNCE as the API's JSON has it.
template <typename Enum>
std::optional<Enum> EnumOf(std::string_view value, std::string_view prefix) {
  if (value.starts_with(prefix)) value.remove_prefix(prefix.size());
  return FromWord<Enum>(value);
}

struct OwnField {
  std::string_view name;
  SetField set;
};
constexpr OwnField kOwnFields[] = {
    // The server knows to which one the list goes, and takes no row of another.
    {"tenant",
     [](v1::Suppression& s, std::string_view value) {
       s.set_tenant(std::string(value));
       return absl::OkStatus();
     }},
    {"stream",
     [](v1::Suppression& s, std::string_view value) {
       s.set_stream(std::string(value));
       return absl::OkStatus();
     }},
    {"source",
     [](v1::Suppression& s, std::string_view value) {
       const std::optional<v1::Source> source = EnumOf<v1::Source>(value, "SOURCE_");
       if (!source) return absl::InvalidArgumentError("source: no such source");
       s.set_source(*source);
       return absl::OkStatus();
     }},
    {"reason",
     [](v1::Suppression& s, std::string_view value) {
       s.set_reason(std::string(value));
       return absl::OkStatus();
     }},
    {"bounceclass",
     [](v1::Suppression& s, std::string_view value) {
       const std::optional<v1::BounceClass> bounce_class =
           EnumOf<v1::BounceClass>(value, "BOUNCE_CLASS_");
       if (!bounce_class) return absl::InvalidArgumentError("bounce_class: no such class");
       s.set_bounce_class(*bounce_class);
       return absl::OkStatus();
     }},
    {"createtime",
     [](v1::Suppression& s, std::string_view value) {
       absl::StatusOr<google::protobuf::Timestamp> time = ReadTime("create_time", value);
       if (time.ok()) *s.mutable_create_time() = *time;
       return time.status();
     }},
    {"expiretime",
     [](v1::Suppression& s, std::string_view value) {
       absl::StatusOr<google::protobuf::Timestamp> time = ReadTime("expire_time", value);
       if (time.ok()) *s.mutable_expire_time() = *time;
       return time.status();
     }},
    {"explanation",
     [](v1::Suppression& s, std::string_view value) {
       s.set_explanation(ExplanationOf(value));
       return absl::OkStatus();
     }},
};
constexpr std::string_view kEventField = "eventid";        // ours, of another store
constexpr std::string_view kIncidentField = "incidentid";  // the same
constexpr std::string_view kAddressIdField = "addressid";  // the same

const OwnField* FindOwnField(std::string_view name) {
  for (const OwnField& field : kOwnFields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// That people know it by.
std::string_view FirstName(std::string_view field) { return field.substr(0, field.find('|')); }

bool IsOwn(const ListFormat& format) { return format.required.empty(); }

// Whether a list has nothing but what ours have. Amazon's has `email address` and `reason`, too.
bool LooksOwn(const RecordReader& reader) {
  if (reader.syntax() == Syntax::kLines) return true;
  const std::vector<std::string>& names = reader.names();
  const std::string_view address =
      reader.syntax() == Syntax::kJsonRows ? "address" : std::string_view(reader.address_name());
  if (!Has(names, address) || (address == "emailaddress" && names.size() > 1)) return false;
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == address || name == kEventField || name == kIncidentField ||
           name == kAddressIdField || FindOwnField(name) != nullptr;
  });
}

// --- Detection

std::string WordOf(const ListFormat& format, const Record& record) {
  std::string word;
  for (std::string_view field : format.words) {
    const std::string_view part = Get(record, field);
    if (!part.empty()) absl::StrAppend(&word, word.empty() ? "" : " ", Absl(part));
  }
  return word;
}

// By the whole word, else by its first part alone, else by what stands for any.
const Meaning* FindMeaning(const ListFormat& format, std::string_view word) {
  const auto find = [&format](std::string_view wanted) -> const Meaning* {
    for (const Meaning& meaning : format.meanings) {
      if (EqualsIgnoringCase(meaning.word, wanted)) return &meaning;
    }
    return nullptr;
  };
  if (const Meaning* meaning = find(word)) return meaning;
  if (format.words.size() > 1) {
    if (const Meaning* meaning = find(word.substr(0, word.find(' ')))) return meaning;
  }
  return find("");
}

bool Matches(const ListFormat& format, const RecordReader& reader) {
  if (IsOwn(format)) {
    return (reader.syntax() == Syntax::kJsonRows) == (format.name == "json") && LooksOwn(reader);
  }
  const std::vector<std::string>& names = reader.names();
  for (std::string_view field : format.required) {
    if (!Has(names, field)) return false;
  }
  for (const std::string& name : names) {
    if (!IsOf(format.required, name) && !IsOf(format.optional, name)) return false;
  }
  // Columns without names are told by what is in them.
  return names.empty() || names.front() != "1" ||
         FindMeaning(format, WordOf(format, reader.first())) != nullptr;
}

std::string Seen(const RecordReader& reader) {
  std::string seen;
  for (std::size_t i = 0; i < std::min(reader.names().size(), kMaxShownFields); ++i) {
    absl::StrAppend(&seen, i == 0 ? "" : ", ", Shown(reader.names()[i]));
  }
  if (reader.names().size() > kMaxShownFields) seen += ", ...";
  return absl::StrCat(reader.syntax() == Syntax::kJsonRows ? "JSON" : "CSV",
                      " with the fields: ", seen.empty() ? "none" : seen);
}

// --- Values

absl::Status NoTime() { return absl::InvalidArgumentError("not a time"); }

std::vector<std::string> ScopesIn(std::string_view value, std::string_view separator) {
  if (separator.empty()) return {std::string(value)};
  std::vector<std::string> scopes;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(separator), value.size());
    const std::string_view scope = StripBlanks(value.substr(0, end));
    if (!scope.empty()) scopes.emplace_back(scope);
    value.remove_prefix(std::min(end + separator.size(), value.size()));
  }
  return scopes;
}

void SetReason(v1::Suppression& suppression, std::string_view reason) {
  suppression.set_reason(std::string(reason));
}

}  // namespace

std::string ListFormatNames() {
  std::string names;
  for (const ListFormat& format : ListFormats()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", Absl(format.name));
  }
  return names;
}

absl::StatusOr<const ListFormat*> FormatByName(std::string_view name) {
  for (const ListFormat& format : ListFormats()) {
    if (EqualsIgnoringCase(format.name, name)) return &format;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no format is called ", Shown(name), ": ", ListFormatNames()));
}

absl::StatusOr<const ListFormat*> DetectFormat(const RecordReader& reader) {
  // A list without a row is none to be wrong about.
  const bool is_empty =
      reader.names().empty() && reader.first().fields().empty() && reader.first().status.ok();
  if (is_empty) return FormatByName(reader.syntax() == Syntax::kJsonRows ? "json" : "csv");
  std::vector<const ListFormat*> found;
  std::size_t most = 0;
  for (const ListFormat& format : ListFormats()) {
    if (!Matches(format, reader)) continue;
    if (!found.empty() && format.required.size() > most) found.clear();
    if (!found.empty() && format.required.size() < most) continue;
    most = format.required.size();
    found.push_back(&format);
  }
  const bool is_told =
      found.size() == 1 && !(found.front()->is_plain && reader.names().size() == most);
  if (is_told) return found.front();
  std::string names;
  for (const ListFormat* format : found) {
    absl::StrAppend(&names, names.empty() ? "" : " or ", Absl(format->name));
  }
  if (found.size() == 1) names += ", or any other list";
  if (!found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("this may be ", names, ": it is ", Seen(reader), ". Say which with --format"));
  }
  if (!reader.first().status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", reader.first().line, ": ", reader.first().status.message(),
                     ". If it is but this row, name the --format: ", ListFormatNames()));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no format is like this list, which is ", Seen(reader),
                   ". Name one with --format (csv and json take a list of addresses with any "
                   "other fields): ",
                   ListFormatNames()));
}

absl::StatusOr<absl::Time> ParseListTime(std::string_view text) {
  text = StripBlanks(text);
  if (text.empty()) return absl::InfinitePast();
  absl::Time time;
  // A date in digits alone is none of 1970.
  constexpr std::size_t kDateDigits = 8;
  const bool may_be_date = text.size() == kDateDigits && (text[0] == '1' || text[0] == '2') &&
                           text.find_first_not_of("0123456789") == text.npos;
  if (may_be_date) {
    const bool is_date =
        absl::ParseTime("%E4Y%m%d", Absl(text), absl::UTCTimeZone(), &time, nullptr);
    return is_date && time >= absl::UnixEpoch() ? absl::StatusOr<absl::Time>(time) : NoTime();
  }
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, seconds);
  if (number.ec == std::errc() && number.ptr == end) {
    // Beyond the year 9999 it can but be milliseconds.
    constexpr double kLastSecond = 253'402'300'799;
    if (seconds > kLastSecond) seconds /= 1'000;
    if (!(seconds >= 0) || seconds > kLastSecond) return NoTime();
    time = absl::FromUnixMicros(static_cast<std::int64_t>(seconds * 1e6));
    return seconds == 0 ? absl::InfinitePast() : time;
  }
  for (const char* format :
       {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S %Ez",
        "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S UTC", "%Y-%m-%d",
        "%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S UTC", "%a, %d %b %Y %H:%M:%S GMT",
        "%d %b %Y %H:%M:%S %z"}) {
    if (!absl::ParseTime(format, Absl(text), absl::UTCTimeZone(), &time, nullptr)) continue;
    const absl::TimeZone::CivilInfo civil = absl::UTCTimeZone().At(time);
    if (civil.cs.year() == 1) return absl::InfinitePast();
    if (civil.cs.year() < 1970 || civil.cs.year() > 9999) return NoTime();
    return time;
  }
  return NoTime();
}

ListReader::ListReader(const ListFormat& format, std::string address_name, ListOptions options)
    : format_(format),
      address_name_(address_name.empty() ? "address" : std::move(address_name)),
      options_(std::move(options)),
      rules_(RuleSet::BuiltIn()) {}

absl::StatusOr<ListReading> ListReader::ReadOwn(const Record& record) const {
  v1::Suppression suppression;
  const std::string_view incident = record.Get(kIncidentField);
  if (!incident.empty() && incident != "0") {
    return ListReading{.suppressions = {}, .skipped = "an incident holds it: it is not in force"};
  }
  for (const Record::Field& field : record.fields()) {
    if (field.value.empty()) continue;
    if (field.name == address_name_) {
      if (suppression.address().empty()) {
        suppression.set_address(std::string(StripBlanks(field.value)));
      }
    } else if (const OwnField* own = FindOwnField(field.name)) {
      if (absl::Status status = own->set(suppression, field.value); !status.ok()) return status;
    }
  }
  if (suppression.address().empty()) return absl::InvalidArgumentError("no address");
  if (suppression.stream().empty()) suppression.set_stream(options_.stream);
  if (suppression.reason().empty()) suppression.set_reason(options_.reason);
  if (suppression.source() == v1::SOURCE_UNSPECIFIED) suppression.set_source(options_.source);
  return ListReading{.suppressions = {std::move(suppression)}, .skipped = {}};
}

std::string ListReader::AddressOf(const Record& record) const {
  return std::string(IsOwn(format_) ? record.Get(address_name_) : Get(record, format_.address));
}

const Meaning* ListReader::MeaningOf(const Record& record) const {
  return FindMeaning(format_, WordOf(format_, record));
}

std::string ListReader::Judge(const Record& record, const Meaning& meaning, absl::Time expires,
                              v1::Suppression& suppression) const {
  const bool ends = expires != absl::InfiniteFuture();
  if (ends && expires <= options_.now) {
    return absl::StrCat(Absl(format_.provider), "'s own entry is over");
  }
  SetReason(suppression, meaning.reason);
  suppression.set_bounce_class(meaning.take == Take::kUntilItEnds ? v1::BOUNCE_CLASS_SOFT
                                                                  : v1::BOUNCE_CLASS_HARD);
  const bool reads_text = meaning.take == Take::kByText || meaning.take == Take::kUntilItEnds;
  const std::string_view text = Get(record, format_.text);
  const std::string_view status = Get(record, format_.status);
  std::optional<int> code;
  int number = 0;
  const std::string_view digits = Get(record, format_.code);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  // Mailgun has codes of its own, as 498, that no server has said (RFC 5321, 4.2.1: the second
  // digit is at most 5, and some take it to 7): their first digit does not tell whether it passes.
  constexpr int kLastSecondDigit = 7;
  const bool is_reply = number / 10 % 10 <= kLastSecondDigit;
  if (!digits.empty() && parsed.ec == std::errc() && is_reply) code = number;
  if (reads_text && (!text.empty() || !status.empty())) {
    const Recipient read =
        ReadDiagnostic({.text = text, .enhanced_status = status, .reply_code = code}, *rules_);
    const Classification& found = read.classification;
    const std::string_view reason = ToString(found.reason);
    const bool is_known =
        found.reason != Reason::kUnclassified && found.reason != Reason::kUndefined;
    if (found.bounce_class == BounceClass::kBlock || found.fault == Fault::kSender ||
        found.fault == Fault::kContent) {
      return absl::StrCat("its text says ", Absl(reason), ", which is no fault of the address");
    }
    const bool passes = found.persistence == Persistence::kTransient ||
                        (is_known && found.bounce_class == BounceClass::kSoft);
    if (passes && !ends) return absl::StrCat("its text says ", Absl(reason), ", which passes");
    if (is_known && found.bounce_class != BounceClass::kNone) SetReason(suppression, reason);
    if (passes) suppression.set_bounce_class(v1::BOUNCE_CLASS_SOFT);
  }
  if (meaning.take == Take::kUntilItEnds && !ends) {
    return "the provider calls it temporary and does not say when it ends";
  }
  return "";
}

absl::StatusOr<std::vector<std::string>> ListReader::StreamsOf(const Record& record) const {
  std::vector<std::string> streams;
  std::string unmapped;  // the first
  // Of several names for one scope, one that is mapped is enough.
  AnyName(format_.scope_field, [&](std::string_view name) {
    std::vector<std::string> mapped;
    std::string missed;
    const auto map = [&](const std::string& scope) {
      if (const auto stream = options_.streams.find(scope); stream != options_.streams.end()) {
        mapped.push_back(stream->second);
      } else if (scope == "*") {
        mapped.push_back("");
      } else {
        return false;
      }
      return true;
    };
    for (const Record::Field& field : record.fields()) {
      if (field.name != name || field.value.empty() || map(field.value)) continue;
      for (const std::string& scope : ScopesIn(field.value, format_.scope_separator)) {
        if (!map(scope) && missed.empty()) missed = scope;
      }
    }
    const bool is_whole = !mapped.empty() && missed.empty();
    if (is_whole || streams.empty()) streams = std::move(mapped);
    if (is_whole || unmapped.empty()) unmapped = std::move(missed);
    return is_whole;
  });
  if (!unmapped.empty() && format_.scope == Scope::kNamed && options_.stream.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "from ", Shown(unmapped), " only: say which stream that is, with --map-stream '",
        Shown(unmapped), "=STREAM' or with --stream for all"));
  }
  if (!unmapped.empty() || streams.empty()) streams.push_back(options_.stream);
  std::sort(streams.begin(), streams.end());
  streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
  if (streams.front().empty()) streams.resize(1);  // all streams are those, too
  return streams;
}

absl::StatusOr<ListReading> ListReader::Read(const Record& record) const {
  if (!record.status.ok()) return record.status;
  if (IsOwn(format_)) return ReadOwn(record);
  ListReading reading;
  const std::string word = WordOf(format_, record);
  const Meaning* meaning = MeaningOf(record);
  if (meaning == nullptr) {
    return absl::InvalidArgumentError(
        word.empty() ? absl::StrCat("no ", Absl(FirstName(format_.words.front())))
                     : absl::StrCat(Absl(format_.provider), " has no such word: ", Shown(word)));
  }
  v1::Suppression suppression;
  suppression.set_address(std::string(Get(record, format_.address)));
  if (suppression.address().empty()) return absl::InvalidArgumentError("no address");
  // Here that would stand for the whole domain, which no provider means.
  if (suppression.address().starts_with('@')) return absl::InvalidArgumentError("no local part");
  if (meaning->take == Take::kNo) {
    reading.skipped = std::string(meaning->why);
  } else if (EqualsIgnoringCase(Get(record, format_.only_if), "false")) {
    reading.skipped = absl::StrCat(Absl(format_.provider), " mails it again");
  }
  if (!reading.skipped.empty()) return reading;

  suppression.set_source(meaning->source);
  for (std::string_view field : format_.created) {
    if (suppression.has_create_time()) break;
    absl::StatusOr<absl::Time> time = ParseListTime(Get(record, field));
    if (!time.ok()) {
      const std::string what =
          absl::StrCat(Absl(field), ": not a time: ", Shown(Get(record, field)));
      if (meaning->source == v1::SOURCE_BOUNCE) return absl::InvalidArgumentError(what);
      // What a person has said holds whenever that was.
      reading.remark = absl::StrCat(what, "; taken without it");
      continue;
    }
    if (*time != absl::InfinitePast()) *suppression.mutable_create_time() = ToTimestamp(*time);
  }
  const std::string_view text = Get(record, format_.text);
  suppression.set_explanation(ExplanationOf(
      text.empty()
          ? absl::StrCat("Listed by ", Absl(format_.provider), word.empty() ? "" : ": ", word, ".")
          : std::string(text)));
  if (meaning->source == v1::SOURCE_BOUNCE) {
    absl::StatusOr<absl::Time> expires = ParseListTime(Get(record, format_.expires));
    if (!expires.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          Absl(format_.expires), ": not a time: ", Shown(Get(record, format_.expires))));
    }
    if (*expires == absl::InfinitePast()) expires = absl::InfiniteFuture();
    reading.skipped = Judge(record, *meaning, *expires, suppression);
    if (!reading.skipped.empty()) return reading;
    if (*expires != absl::InfiniteFuture()) {
      *suppression.mutable_expire_time() = ToTimestamp(*expires);
    }
  } else {
    SetReason(suppression, meaning->reason);
  }
  const bool is_scoped =
      meaning->source == v1::SOURCE_UNSUBSCRIBE || meaning->source == v1::SOURCE_MANUAL;
  if (!is_scoped) {
    reading.suppressions.push_back(std::move(suppression));
    return reading;
  }
  absl::StatusOr<std::vector<std::string>> streams = StreamsOf(record);
  if (!streams.ok()) return streams.status();
  for (const std::string& stream : *streams) {
    reading.suppressions.push_back(suppression);
    reading.suppressions.back().set_stream(stream);
  }
  return reading;
}

}  // namespace bounced::cli
