#include "parser/dsn/status_fields.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "parser/dsn/reported_name.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

struct MessageRow {
  std::string_view name;
  std::string_view StatusFields::*value;
};
constexpr MessageRow kMessageFields[] = {
    {"reporting-mta", &StatusFields::reporting_mta},
    {"original-envelope-id", &StatusFields::original_envelope_id},
    {"arrival-date", &StatusFields::arrival_date},
    {"received-from-mta", &StatusFields::received_from_mta},
    {"dsn-gateway", &StatusFields::dsn_gateway},
};

struct RecipientRow {
  std::string_view name;
  std::string_view RecipientFields::*value;  // none: known, and kept by its name
};
constexpr RecipientRow kRecipientFields[] = {
    {"final-recipient", &RecipientFields::final_recipient},
    {"original-recipient", &RecipientFields::original_recipient},
    {"action", &RecipientFields::action},
    {"status", &RecipientFields::status},
    {"remote-mta", &RecipientFields::remote_mta},
    {"localized-diagnostic", &RecipientFields::localized_diagnostic},
    {"last-attempt-date", nullptr},
    {"final-log-id", nullptr},
    {"will-retry-until", nullptr},
};
constexpr std::string_view kDiagnosticCode = "diagnostic-code";

template <typename Row, std::size_t kRows>
const Row* Find(const Row (&rows)[kRows], std::string_view name) {
  const Row* row = std::find_if(std::begin(rows), std::end(rows),
                                [name](const Row& r) { return EqualsIgnoringCase(r.name, name); });
  return row == std::end(rows) ? nullptr : row;
}

void Append(const NamedValue& field, const Body& body, Remarks& remarks,
            std::vector<NamedValue>& into) {
  if (into.size() < RecipientFields::kMaxFurther) {
    into.push_back(field);
  } else {
    remarks.Add("bound:max_further", body.SpanOf(field.value));
  }
}

// Fills what `into` lacks.
void Merge(const RecipientFields& from, const Body& body, Remarks& remarks, RecipientFields& into) {
  for (const RecipientRow& row : kRecipientFields) {
    if (row.value != nullptr && (into.*row.value).empty()) into.*row.value = from.*row.value;
  }
  auto slot = std::find(into.diagnostics.begin(), into.diagnostics.end(), std::string_view());
  for (const std::string_view diagnostic : from.diagnostics) {
    if (slot == into.diagnostics.end() || diagnostic.empty()) break;
    *slot++ = diagnostic;
  }
  for (const NamedValue& field : from.further) Append(field, body, remarks, into.further);
}

// Whether two recipient fields say the same, types and case aside.
bool SameMailbox(std::string_view a, std::string_view b) {
  return EqualsIgnoringCase(SplitType(a).value, SplitType(b).value);
}

// Reads groups of fields, one pass.
class Reader {
 public:
  Reader(const Body& body, std::size_t begin, bool embedded, const ParserLimits& limits,
         Remarks& remarks)
      : body_(body),
        text_(body.text().substr(begin)),
        begin_(begin),
        embedded_(embedded),
        limits_(limits),
        remarks_(remarks) {}

  StatusFields Read(bool cut) && {
    found_.begin = begin_;
    FieldReader fields(text_, limits_.max_line);
    while (!done_) {
      const std::optional<Field> field = fields.Next();
      if (!field) break;
      // An embedded report ends where a boundary stands.
      if (embedded_ && field->text.starts_with("--")) break;
      last_end_ = static_cast<std::size_t>(field->text.data() + field->text.size() - text_.data());
      Take(*field);
    }
    if (cut && at_hand_.HasAddress() && !at_hand_.HasResult()) {
      remarks_.Add("the last recipient is cut off", body_.SpanOf(text_.substr(last_end_)));
      at_hand_ = {};
    }
    EndParagraph();
    found_.end = begin_ + (ended_by_others_ ? paragraph_begin_ : last_end_);
    return std::move(found_);
  }

 private:
  void Take(const Field& field) {
    if (field.kind != Field::Kind::kBlank && !in_paragraph_) {
      in_paragraph_ = true;
      paragraph_begin_ = static_cast<std::size_t>(field.text.data() - text_.data());
    }
    switch (field.kind) {
      case Field::Kind::kBlank:
        EndParagraph();
        break;
      case Field::Kind::kJunk:
        if (open_diagnostic_ != nullptr) {
          Extend(*open_diagnostic_, field.text);
        } else if (open_address_ != nullptr && field.text.find('@') != field.text.npos) {
          Extend(*std::exchange(open_address_, nullptr), field.text);
        } else {
          remarks_.Add("a line that is no field", body_.SpanOf(field.text));
        }
        break;
      case Field::Kind::kField:
        if (field.cut) remarks_.Add("bound:max_line", body_.SpanOf(field.value));
        TakeField(field.name, StripBlanks(field.value));
        break;
    }
  }

  void TakeField(std::string_view name, std::string_view value) {
    open_diagnostic_ = nullptr;
    open_address_ = nullptr;
    if (const MessageRow* row = Find(kMessageFields, name)) {
      is_status_ = is_of_message_ = true;
      if ((found_.*row->value).empty()) found_.*row->value = value;
      return;
    }
    const bool is_diagnostic = EqualsIgnoringCase(name, kDiagnosticCode);
    const RecipientRow* row = Find(kRecipientFields, name);
    if (row == nullptr && !is_diagnostic) {
      const bool of_message = is_of_message_ && !at_hand_.HasAddress() && !at_hand_.HasResult();
      KeepByName(name, value, of_message ? found_.further : at_hand_.further);
      return;
    }
    is_status_ = true;
    if (value.empty()) {
      remarks_.Add("a field without a value", body_.SpanOf(name));
      return;
    }
    if (is_diagnostic) {
      AddDiagnostic(value);
    } else if (row->value == nullptr) {
      KeepByName(name, value, at_hand_.further);
    } else {
      if (OpensRecipient(*row, value)) {
        const bool had_original = !at_hand_.original_recipient.empty();
        EndRecipient();
        opened_by_original_ =
            !had_original && !done_ && row->value == &RecipientFields::original_recipient;
      }
      std::string_view& kept = at_hand_.*row->value;
      if (kept.empty()) {
        kept = value;
        if (value.ends_with(';')) open_address_ = &kept;
      }
    }
  }

  bool OpensRecipient(const RecipientRow& row, std::string_view value) const {
    if (at_hand_.final_recipient.empty()) return false;
    if (row.value == &RecipientFields::final_recipient) return true;
    if (row.value != &RecipientFields::original_recipient) return false;
    if (!at_hand_.original_recipient.empty()) return true;
    return at_hand_.HasResult() && !SameMailbox(value, at_hand_.final_recipient);
  }

  void AddDiagnostic(std::string_view value) {
    for (std::string_view& slot : at_hand_.diagnostics) {
      if (!slot.empty()) continue;
      slot = value;
      open_diagnostic_ = &slot;
      return;
    }
    remarks_.Add("bound:max_diagnostics", body_.SpanOf(value));
  }

  void KeepByName(std::string_view name, std::string_view value, std::vector<NamedValue>& into) {
    if (!value.empty()) Append({name, value}, body_, remarks_, into);
  }

  // Up to the end of `line`, which stands behind it.
  void Extend(std::string_view& value, std::string_view line) const {
    const auto length = static_cast<std::size_t>(line.data() + line.size() - value.data());
    value = {value.data(), std::min(length, limits_.max_line)};
  }

  void EndParagraph() {
    if (!is_status_) at_hand_.further.clear();  // the header of what came back, as a rule
    EndRecipient();
    if (embedded_ && in_paragraph_ && !is_status_ && saw_status_) done_ = ended_by_others_ = true;
    saw_status_ = saw_status_ || is_status_;
    is_status_ = false;
    is_of_message_ = false;
    in_paragraph_ = false;
  }

  void EndRecipient() {
    RecipientFields ended = std::exchange(at_hand_, {});
    open_diagnostic_ = nullptr;
    open_address_ = nullptr;
    std::vector<RecipientFields>& recipients = found_.recipients;
    // An Original-Recipient to which no Final-Recipient came was that of the recipient before it.
    const bool belongs_before =
        std::exchange(opened_by_original_, false) && ended.final_recipient.empty();
    if (belongs_before) {
      Merge(ended, body_, remarks_, recipients.back());
    } else if (!ended.HasAddress()) {
      Merge(ended, body_, remarks_, recipients.empty() ? found_.stray : recipients.back());
    } else if (recipients.size() < limits_.max_recipients) {
      recipients.push_back(std::move(ended));
    } else {
      remarks_.Add("bound:max_recipients", body_.SpanOf(text_.substr(last_end_)));
      done_ = true;
    }
  }

  const Body& body_;
  const std::string_view text_;
  const std::size_t begin_;
  const bool embedded_;
  const ParserLimits& limits_;
  Remarks& remarks_;
  StatusFields found_;
  RecipientFields at_hand_;
  std::string_view* open_diagnostic_ = nullptr;  // that the next line may go on with
  std::string_view* open_address_ = nullptr;     // the same, of which only the type stood there
  bool opened_by_original_ = false;              // the recipient at hand, within a paragraph
  bool is_status_ = false;                       // the paragraph at hand has a field of a status
  bool is_of_message_ = false;                   // it has one of the message
  bool saw_status_ = false;
  bool in_paragraph_ = false;
  bool ended_by_others_ = false;  // the paragraph at hand is no longer of the status
  std::size_t paragraph_begin_ = 0;
  bool done_ = false;
  std::size_t last_end_ = 0;
};

// Where something stands again, from `at` on: nothing but line ends is a message, too.
std::size_t EndOfLineEnds(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
  return at;
}

bool BeginsStatus(std::string_view line) {
  constexpr AsciiSet kFirstLetters("RrFfOoAa");
  if (line.empty() || !kFirstLetters.Has(line.front())) return false;
  const std::string_view name = FieldName(line);
  return EqualsIgnoringCase(name, "reporting-mta") || EqualsIgnoringCase(name, "final-recipient") ||
         EqualsIgnoringCase(name, "original-recipient") || EqualsIgnoringCase(name, "action");
}

}  // namespace

bool IsReadByItself(std::string_view name) {
  const RecipientRow* const row = Find(kRecipientFields, name);
  return (row != nullptr && row->value != nullptr) || Find(kMessageFields, name) != nullptr ||
         EqualsIgnoringCase(name, kDiagnosticCode);
}

std::optional<std::string> WithoutIndent(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return std::nullopt;
  const std::size_t indent = first - LineBegin(text, first);
  if (indent == 0) return std::nullopt;
  std::string moved;
  moved.reserve(text.size());
  Lines lines(text);
  while (const std::optional<Line> line = lines.Next()) {
    const std::size_t begin = line->begin + std::min(IndentOf(line->text), indent);
    moved += text.substr(begin, line->end - begin);
  }
  return moved;
}

StatusFields ReadStatusFields(const Body& part, bool cut, const ParserLimits& limits,
                              Remarks& remarks) {
  StatusFields found = Reader(part, 0, /*embedded=*/false, limits, remarks).Read(cut);
  // One group that is torn in two by a blank line: "Action: failed", then the address.
  if (!found.recipients.empty() && !found.recipients.front().HasResult()) {
    Merge(std::exchange(found.stray, {}), part, remarks, found.recipients.front());
  }
  return found;
}

StatusFields FindStatusFields(const Body& text, const ParserLimits& limits, Remarks& remarks,
                              Work& work) {
  Lines lines(text.text());
  std::size_t from = 0;
  while (const std::optional<Line> line = lines.Next()) {
    if (line->text.empty()) {
      lines = Lines(text.text(), EndOfLineEnds(text.text(), line->end));
      continue;
    }
    if (line->begin < from || !BeginsStatus(line->text)) continue;
    StatusFields found =
        Reader(text, line->begin, /*embedded=*/true, limits, remarks).Read(/*cut=*/false);
    from = std::max(found.end, line->end);
    std::erase_if(found.recipients, [](const RecipientFields& fields) {
      return !fields.HasAddress() || (fields.action.empty() && fields.status.empty());
    });
    const std::string_view tried = text.text().substr(line->begin, from - line->begin);
    const bool may_go_on = work.TakeHalf(tried, kLooksOfAttempt).size() == tried.size();
    if (!found.recipients.empty()) return found;
    if (!may_go_on) break;
  }
  return {};
}

}  // namespace bounced
