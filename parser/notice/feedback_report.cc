#include "parser/notice/feedback_report.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "parser/mime/field_reader.h"
#include "parser/mime/field_table.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr FieldPlace<FeedbackFields, std::string_view> kFeedbackFieldPlaces[] = {
    {"feedback-type", &FeedbackFields::feedback_type},
    {"user-agent", &FeedbackFields::user_agent},
    {"original-mail-from", &FeedbackFields::original_mail_from},
    {"original-envelope-id", &FeedbackFields::original_envelope_id},
    {"arrival-date", &FeedbackFields::arrival_date},
    {"received-date", &FeedbackFields::arrival_date},
    {"source-ip", &FeedbackFields::source_ip},
    {"reported-domain", &FeedbackFields::reported_domain},
    {"reporting-mta", &FeedbackFields::reporting_mta},
    {"incidents", &FeedbackFields::incidents},
};
constexpr FieldTable kFeedbackFields(kFeedbackFieldPlaces);

struct FeedbackType {
  std::string_view name;
  Meaning meaning;
};
constexpr Meaning kOtherComplaint = {Kind::kComplaint, Reason::kComplaintOther};
// The others, fraud and virus among them, are kOtherComplaint.
constexpr FeedbackType kFeedbackTypes[] = {
    {"abuse", {Kind::kComplaint, Reason::kComplaintAbuse}},
    {"not-spam", {Kind::kComplaint, Reason::kNotSpam}},
    {"opt-out", {Kind::kComplaint, Reason::kUnsubscribe}},
    {"opt-out-list", {Kind::kComplaint, Reason::kUnsubscribe}},
    {"auth-failure", {Kind::kOther, Reason::kComplaintOther}},
};

// Of 16 octets, as the shortest digest in use has, to what a local part may have. Names hold "=",
// too, but do not end with it.
bool IsDigestInBase64(std::string_view s) {
  constexpr std::size_t kLeast = 24;
  constexpr std::size_t kMost = 64;
  if (s.size() < kLeast || s.size() > kMost || s.size() % 4 != 0 || !s.ends_with('=')) return false;
  s.remove_suffix(s.ends_with("==") ? 2 : 1);
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == '+' || c == '/'; });
}

}  // namespace

FeedbackFields ReadFeedbackFields(std::string_view part, std::size_t max_line,
                                  std::size_t max_recipients) {
  FeedbackFields found;
  std::vector<std::string_view> to_be_removed;
  const auto keep = [max_recipients](std::string_view value, std::vector<std::string_view>& in) {
    if (!value.empty() && in.size() < max_recipients) in.push_back(value);
  };
  FieldReader fields(part, max_line);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->kind != Field::Kind::kField) continue;
    const std::string_view value = StripBlanks(field->value);
    if (EqualsIgnoringCase(field->name, "original-rcpt-to")) {
      keep(value, found.recipients);
    } else if (EqualsIgnoringCase(field->name, "removal-recipient") ||
               EqualsIgnoringCase(field->name, "redacted-address")) {
      keep(value, to_be_removed);
    }
    KeepFirst(*field, kFeedbackFields, found);
  }
  if (found.recipients.empty()) found.recipients = std::move(to_be_removed);
  return found;
}

Meaning MeaningOf(std::string_view feedback_type) {
  const auto is_it = [feedback_type](const FeedbackType& type) {
    return EqualsIgnoringCase(type.name, feedback_type);
  };
  const auto* type = std::find_if(std::begin(kFeedbackTypes), std::end(kFeedbackTypes), is_it);
  return type == std::end(kFeedbackTypes) ? kOtherComplaint : type->meaning;
}

bool IsRedacted(std::string_view address) {
  constexpr std::string_view kWords[] = {"redacted", "[redacted]", "removed", "x", "xxx", "xxxx"};
  const std::string_view local = address.substr(0, address.find('@'));
  return IsDigestInBase64(local) ||
         std::any_of(std::begin(kWords), std::end(kWords),
                     [local](std::string_view word) { return EqualsIgnoringCase(local, word); });
}

}  // namespace bounced
