// The lists of suppressed addresses that other systems keep, as tables: how each is told, and what
// its words mean here. README, "Moving here from another provider".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bounced/v1/suppression.pb.h"
#include "server/cli/record_reader.h"

namespace bounced {
class RuleSet;
}

namespace bounced::cli {

// What becomes of a row with some word.
enum class Take : std::uint8_t {
  kYes,
  // As its text is classified: what is the sender's or the content's fault, or passes, is left out
  // unless the list says when it ends; a text that no rule knows leaves it to the list's own word.
  kByText,
  // Only until the list says that it ends: it is soft.
  kUntilItEnds,
  kNo,
};

// What a word of a list means.
struct Meaning {
  std::string_view word;  // without regard to ASCII case; empty: any
  v1::Source source;
  std::string_view reason;  // of the taxonomy
  Take take;
  std::string_view why = "";  // of Take::kNo
};

// How far a row of unsubscription holds.
enum class Scope : std::uint8_t {
  kAll,    // the list has none narrower than itself: --stream, else all streams
  kNamed,  // the row names it: as it is mapped, else --stream, else the row is refused
  kHint,   // the row may name one: as it is mapped, else --stream, else all streams
};

// Field names are normalized (record.h); where there are several for one, `|` stands between them.
struct ListFormat {
  std::string_view name;      // `sendgrid-bounces`
  std::string_view provider;  // for people
  // A list that has all of `required` and none but these is of this format, unless another requires
  // more.
  std::vector<std::string_view> required;
  std::vector<std::string_view> optional;
  std::string_view address;
  // The fields whose values, with a blank between, are the word; none: all rows have the same.
  std::vector<std::string_view> words;
  std::vector<Meaning> meanings;
  std::string_view text = "";                  // what the remote server said
  std::string_view status = "";                // enhanced status
  std::string_view code = "";                  // reply code
  std::vector<std::string_view> created = {};  // the first that is set counts
  std::string_view expires = "";
  Scope scope = Scope::kAll;
  std::string_view scope_field = "";
  // What stands between several scopes in one field; empty: a field has one.
  std::string_view scope_separator = "";
  // A row in which this field is `false` no longer holds there.
  std::string_view only_if = "";
  // `required` alone could be the fields of anything: then only its name says that it is this.
  bool is_plain = false;
};

// Our own, in either syntax, come first: csv and json. They have no fields.
std::span<const ListFormat> ListFormats();
// The names of all, with a comma between.
std::string ListFormatNames();
// The names under which pages of their APIs have the rows.
std::span<const std::string_view> PageLists();

// INVALID_ARGUMENT: no format is called so.
absl::StatusOr<const ListFormat*> FormatByName(std::string_view name);
// By what the first row has. INVALID_ARGUMENT: none, more than one, or what could be any list, and
// what was seen.
absl::StatusOr<const ListFormat*> DetectFormat(const RecordReader& reader);

// A time as any of the formats writes it: a number of seconds since 1970, RFC 3339, RFC 5322, or
// `2026-01-31 12:00:00`, in UTC when no zone is told. The infinite past: none is told (an empty
// text, or the year 1, which some write for it). INVALID_ARGUMENT: another text.
absl::StatusOr<absl::Time> ParseListTime(std::string_view text);

struct ListOptions {
  std::string stream;                               // of rows that name none
  std::map<std::string, std::string> streams = {};  // by the scope that a list names
  std::string reason = "";                          // of rows of our own formats that name none
  v1::Source source = v1::SOURCE_UNSPECIFIED;       // the same
  absl::Time now = absl::UnixEpoch();               // what has ended by then is left out
};

// What one row becomes. Rows that are left out say why.
struct ListReading {
  std::vector<v1::Suppression> suppressions;
  std::string skipped;
  std::string remark = "";  // for people, on what was odd about a row that is taken
};

// Reads rows of one format. `format` outlives it.
class ListReader {
 public:
  // `address_name` as of RecordReader.
  ListReader(const ListFormat& format, std::string address_name, ListOptions options);

  // INVALID_ARGUMENT says what is wrong, without the address.
  absl::StatusOr<ListReading> Read(const Record& record) const;
  // For a report on what was not taken; empty: there is none.
  std::string AddressOf(const Record& record) const;

 private:
  absl::StatusOr<ListReading> ReadOwn(const Record& record) const;
  const Meaning* MeaningOf(const Record& record) const;
  // Why a bounce suppresses nobody; empty: it does, and `suppression` says for what reason.
  std::string Judge(const Record& record, const Meaning& meaning, absl::Time expires,
                    v1::Suppression& suppression) const;
  absl::StatusOr<std::vector<std::string>> StreamsOf(const Record& record) const;

  const ListFormat& format_;
  const std::string address_name_;
  const ListOptions options_;
  const std::shared_ptr<const RuleSet> rules_;
};

}  // namespace bounced::cli
