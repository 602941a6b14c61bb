#include "parser/mime/message_header.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/field_table.h"
#include "parser/mime/lines.h"
#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxFailedRecipientFields = 1000;

using HeaderFieldPlace = FieldPlace<MessageHeader, std::optional<std::string_view>>;
constexpr HeaderFieldPlace kFieldPlaces[] = {
    {"return-path", &MessageHeader::return_path},
    {"from", &MessageHeader::from},
    {"to", &MessageHeader::to},
    {"subject", &MessageHeader::subject},
    {"date", &MessageHeader::date},
    {"message-id", &MessageHeader::message_id},
    {"auto-submitted", &MessageHeader::auto_submitted},
    {"delivered-to", &MessageHeader::delivered_to},
    {"x-original-to", &MessageHeader::delivered_to},
    {"x-apparently-to", &MessageHeader::delivered_to},
    {"x-hmxmroriginalrecipient", &MessageHeader::delivered_to},
    {"cc", &MessageHeader::cc},
    {"list-id", &MessageHeader::list_id},
    {"x-mlserver", &MessageHeader::ml_server},
    {"x-amz-sns-message-id", &MessageHeader::sns_message_id},
    {"in-reply-to", &MessageHeader::in_reply_to},
    {"references", &MessageHeader::in_reply_to},
    {"precedence", &MessageHeader::precedence},
    {"x-precedence", &MessageHeader::precedence},
    {"x-autoreply", &MessageHeader::auto_reply},
    {"x-autorespond", &MessageHeader::auto_reply},
    {"x-auto-reply", &MessageHeader::auto_reply},
    {"x-autoresponder", &MessageHeader::auto_reply},
    {"x-autoreply-from", &MessageHeader::auto_reply},
    {"x-mail-autoreply", &MessageHeader::auto_reply},
    {"x-auto-response-suppress", &MessageHeader::auto_response_suppress},
    {"x-apple-unsubscribe", &MessageHeader::apple_unsubscribe},
};
constexpr FieldTable kFields(kFieldPlaces);

bool IsHeaderName(std::string_view name) {
  if (name.empty()) return false;
  return kFields.Find(name) != nullptr || EqualsIgnoringCase(name, "received") ||
         EqualsIgnoringCase(name, "dkim-signature") || EqualsIgnoringCase(name, "mime-version") ||
         StartsWithIgnoringCase(name, "arc-") || EqualsIgnoringCase(name, "content-type");
}

// Where the first line of `text` begins that has nothing in it; the size of `text`: none has.
std::size_t FindEmptyLine(std::string_view text) {
  const auto is_end = [](auto c) { return (c == '\n') | (c == '\r'); };
  const std::size_t end = FindRow<2>(text, is_end, [](auto before, auto c) {
    return ((before == '\n') & ((c == '\n') | (c == '\r'))) | ((before == '\r') & (c == '\r'));
  });
  return std::min(end + 1, text.size());
}

// The local part of the first address in `from`. Empty: none.
std::string_view LocalPart(std::string_view from) {
  const std::size_t bracket = from.find('<');
  const std::string_view address = from.substr(bracket == from.npos ? 0 : bracket + 1);
  constexpr AsciiSet kEnds(">,( \t\r\n@");
  return StripBlanks(address.substr(0, kEnds.FirstIn(address, 1)));
}

// In lower case, without what parts words: "Mailer-Daemon", "MAILER_DAEMON" and "mailer.daemon" are
// one name.
std::string JoinedName(std::string_view name) {
  std::string joined;
  joined.reserve(name.size());
  for (const char c : name) {
    if (c != '-' && c != '_' && c != '.' && c != '"') joined += FoldCase(c);
  }
  return joined;
}

// fml wrote it itself: what it passes on keeps the Message-ID of its author.
bool IsByListServer(const MessageHeader& header) {
  return header.ml_server && header.message_id &&
         header.message_id->find(".FML") != std::string_view::npos;
}

}  // namespace

MessageHeader ReadMessageHeader(std::string_view header, std::size_t max_line) {
  MessageHeader found;
  FieldReader fields(header, max_line);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->kind != Field::Kind::kField) continue;
    KeepFirst(*field, kFields, found);
    if (EqualsIgnoringCase(field->name, "x-failed-recipients") &&
        found.failed_recipients.size() < kMaxFailedRecipientFields) {
      found.failed_recipients.push_back(StripBlanks(field->value));
    }
  }
  return found;
}

std::string_view FindHeaderSection(std::string_view text, std::size_t max_octets) {
  Lines lines(text);
  while (const std::optional<Line> line = lines.Next()) {
    if (!IsHeaderName(FieldName(line->text))) continue;
    const std::string_view rest = text.substr(line->begin);
    return rest.substr(0, FindEmptyLine(rest.substr(0, max_octets)));
  }
  return {};
}

bool IsMailSystem(std::string_view from) {
  // "MAILER-DAEMON <>", and Courier's "<@>" or "<@mx.example>" for it, which is no source route.
  const std::string_view path = from.substr(std::min(from.rfind('<'), from.size()));
  if (StripBlanks(path) == "<>") return true;
  if (path.starts_with("<@") && path.find(':') == path.npos) return true;
  constexpr std::string_view kLocalParts[] = {
      "mailerdaemon", "postmaster",         "maildaemon", "mdaemon",
      "maildelivery", "maildeliverysystem", "daemon",     "maildeliverysubsystem"};
  const std::string local = JoinedName(LocalPart(from));
  if (std::find(std::begin(kLocalParts), std::end(kLocalParts), local) != std::end(kLocalParts)) {
    return true;
  }
  // Exchange's own recipient, the same in all organizations: "MicrosoftExchange329e71ec...@".
  if (local.starts_with("microsoftexchange329e")) return true;
  constexpr std::string_view kNames[] = {"mail delivery s", "mail delivery agent", "mailer-daemon",
                                         "mailer daemon", "delivery subsystem"};
  return HasOneOfIgnoringCase(DecodeEncodedWords(Unfold(from)), kNames);
}

Author FindAuthor(const MessageHeader& header, Author without_path) {
  // What goes to a mailing list may have a null path, too.
  const bool has_null_path =
      header.return_path && IsNullPath(*header.return_path) && !header.list_id;
  return has_null_path ? Author::kMailSystem : without_path;
}

Author FindAuthorWithoutPath(const MessageHeader& header) {
  if (IsByListServer(header)) return Author::kMailSystem;
  if (header.from && IsMailSystem(*header.from)) return Author::kMailSystem;
  if (header.auto_submitted && StartsWithIgnoringCase(*header.auto_submitted, "auto-")) {
    return Author::kMachine;
  }
  return header.from ? Author::kPerson : Author::kUnknown;
}

bool SoundsLikeMailSystem(const MessageHeader& header) {
  if (!header.from) return false;
  constexpr std::string_view kNames[] = {
      "postmaster",    "daemon",     "smtp",         "mail system",   "mail_system",
      "mail service",  "mail_serv",  "mail server",  "mail gateway",  "mailgate",
      "virus",         "mail admin", "system admin", "administrator", "e-mail gateway",
      "bounce",        "noreply",    "no-reply",     "donotreply",    "do-not-reply",
      "mail security", "mta"};
  return HasOneOfIgnoringCase(DecodeEncodedWords(Unfold(*header.from)), kNames);
}

}  // namespace bounced
