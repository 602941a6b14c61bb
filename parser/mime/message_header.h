// The header of a message, as far as it matters here: the report's own, or a returned one's.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/text.h"

namespace bounced {

// Values as they stand, folds and all; of fields that should be there once, the first. Views into
// what was read.
struct MessageHeader {
  std::optional<std::string_view> return_path;
  std::optional<std::string_view> from;
  std::optional<std::string_view> to;
  std::optional<std::string_view> subject;
  std::optional<std::string_view> date;
  std::optional<std::string_view> message_id;
  std::optional<std::string_view> auto_submitted;
  // Whom the last host says that it delivered to: Delivered-To, X-Original-To, and the providers'
  // own X-Apparently-To (Yahoo) and X-HmXmrOriginalRecipient (Outlook.com's feedback loop).
  std::optional<std::string_view> delivered_to;
  std::optional<std::string_view> cc;
  std::optional<std::string_view> list_id;         // it went to a mailing list (RFC 2919)
  std::optional<std::string_view> sns_message_id;  // Amazon SNS passes an event on
  std::optional<std::string_view> ml_server;       // X-MLServer: fml runs the list
  std::optional<std::string_view> in_reply_to;     // or References: it answers a message
  std::optional<std::string_view> precedence;      // or X-Precedence
  std::optional<std::string_view> auto_reply;      // X-Autoreply, X-Autorespond and their kin
  std::optional<std::string_view> auto_response_suppress;  // X-Auto-Response-Suppress (Exchange)
  std::optional<std::string_view> apple_unsubscribe;       // X-Apple-Unsubscribe
  std::vector<std::string_view> failed_recipients;         // X-Failed-Recipients; at most 1,000
};

// Reads `header`; lines in it that are no fields are passed over.
MessageHeader ReadMessageHeader(std::string_view header, std::size_t max_line);

// The header that `text` starts with, up to the first empty line. Words in front of it, as some
// hosts put them before what they return, are passed over: it begins with the first line that is a
// field of a message's header.
std::string_view FindHeaderSection(std::string_view text, std::size_t max_octets);

// Who has written a message, by its header. Anyone can write that: it says how to read a message,
// never whether to believe it.
enum class Author {
  kPerson,      // From names somebody
  kUnknown,     // nothing tells
  kMachine,     // Auto-Submitted says so (RFC 3834, 5)
  kMailSystem,  // a null return path, or From is a mail system (MAILER-DAEMON, postmaster)
};
// `without_path` is what FindAuthorWithoutPath() says.
Author FindAuthor(const MessageHeader& header, Author without_path);
// The same as if there were no Return-Path.
Author FindAuthorWithoutPath(const MessageHeader& header);
inline Author FindAuthor(const MessageHeader& header) {
  return FindAuthor(header, FindAuthorWithoutPath(header));
}

inline bool IsNullPath(std::string_view path) { return StripBlanks(path) == "<>"; }

// Whether a From field, or a path, is that of a mail system.
bool IsMailSystem(std::string_view from);

// Whether From sounds like a part of a mail system ("E-Mail Gateway", "System Administrator",
// "noreply"). So do names of people's services, so it is no more than a hint.
bool SoundsLikeMailSystem(const MessageHeader& header);

}  // namespace bounced
