// The fields of a delivery status (RFC 3464, 2; RFC 6533, 4.1), sorted by recipient.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mime/body.h"
#include "parser/parser.h"
#include "parser/remarks.h"
#include "parser/work.h"

namespace bounced {

// A field that has no place of its own.
struct NamedValue {
  std::string_view name;
  std::string_view value;
};

// One recipient's fields, values as they stand, folds and all. Empty: there is none.
struct RecipientFields {
  // A field that comes twice keeps its first value that says something, but for Diagnostic-Code
  // (RFC 7103, 7.5.1).
  static constexpr std::size_t kMaxDiagnostics = 4;
  // Of fields that are kept by their names (RFC 3464, 2.4).
  static constexpr std::size_t kMaxFurther = 8;

  std::string_view final_recipient;
  std::string_view original_recipient;
  std::string_view action;
  std::string_view status;
  std::string_view remote_mta;
  std::string_view localized_diagnostic;
  std::array<std::string_view, kMaxDiagnostics> diagnostics;
  std::vector<NamedValue> further;  // at most kMaxFurther

  bool HasAddress() const { return !final_recipient.empty() || !original_recipient.empty(); }
  bool HasResult() const { return !action.empty() || !status.empty() || !diagnostics[0].empty(); }
};

struct StatusFields {
  std::string_view reporting_mta;
  std::string_view received_from_mta;
  std::string_view dsn_gateway;
  std::string_view original_envelope_id;
  std::string_view arrival_date;
  std::vector<NamedValue> further;  // of the message; at most RecipientFields::kMaxFurther
  std::vector<RecipientFields> recipients;
  // What stands in front of every recipient, or there is none. Set apart only when it has a result.
  RecipientFields stray;
  std::size_t begin = 0;  // where in the text it was read from,
  std::size_t end = 0;    // and up to
};

// Whether a field of that name has a place of its own above, and so is no further one.
bool IsReadByItself(std::string_view name);

// The text of a part whose first line is indented, as a gateway does to all lines, each without as
// many blanks; else none.
std::optional<std::string> WithoutIndent(std::string_view text);

// Reads all of a status part. Groups are parted by blank lines; where those are missing, or are too
// many, the recipient fields tell: a Final-Recipient opens a recipient, so does an
// Original-Recipient behind another recipient's Action or Status, and fields without an address
// belong to the recipient before them. A line that is no field goes on with the Diagnostic-Code
// above it, or is the address of a field that has only its type. What has no place here is kept by
// its name, where it stands beside one of a status. `cut`: the message ended in this part, so the
// last recipient may lack its end and is dropped if it has no result. Linear; bounded by
// limits.max_recipients, remarked.
StatusFields ReadStatusFields(const Body& part, bool cut, const ParserLimits& limits,
                              Remarks& remarks);

// Looks for the same fields in a text that is not said to have any: from the first line that begins
// a group of them, up to a paragraph that has none, or a line that looks like a boundary. Lines
// that are quoted or indented are not taken for fields. What it finds has at least one recipient
// with an address and with an Action or Status; else nothing. Linear in the text; the groups that
// it tries are counted in `work`: none is tried behind the one that was too much.
StatusFields FindStatusFields(const Body& text, const ParserLimits& limits, Remarks& remarks,
                              Work& work);

}  // namespace bounced
