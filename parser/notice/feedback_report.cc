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

// Octets of the digests that hosts use: MD5, SHA-1, SHA-256, SHA-384, SHA-512.
constexpr std::size_t kDigestOctets[] = {16, 20, 32, 48, 64};

bool IsHexDigest(std::string_view text) {
  const auto is_size = [&text](std::size_t octets) { return text.size() == 2 * octets; };
  const auto is_hex_letter = [](char c) { return FoldCase(c) >= 'a' && FoldCase(c) <= 'f'; };
  return std::any_of(std::begin(kDigestOctets), std::end(kDigestOctets), is_size) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return IsDigit(c) || is_hex_letter(c); }) &&
         std::any_of(text.begin(), text.end(), IsDigit) &&
         std::any_of(text.begin(), text.end(), is_hex_letter);
}

bool IsBase64Digest(std::string_view text) {
  const std::size_t size = text.size();
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  const auto is_size = [&](std::size_t octets) {
    return size == (octets + 2) / 3 * 4 && padding == (3 - octets % 3) % 3;
  };
  return padding > 0 && std::any_of(std::begin(kDigestOctets), std::end(kDigestOctets), is_size) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || IsOneOf(c, "+/-_"); });
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
  std::string_view local = address.substr(0, address.rfind('@'));
  if (local.size() > 1 && local.starts_with('"') && local.ends_with('"')) {
    local = local.substr(1, local.size() - 2);
  }
  if (IsHexDigest(local) || IsBase64Digest(local)) return true;
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [local](std::string_view word) { return EqualsIgnoringCase(local, word); });
}

}  // namespace bounced
