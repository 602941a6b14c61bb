// Events of Amazon SES that Amazon SNS passes on by mail: JSON in a text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/taxonomy.h"

namespace bounced {

// Values and objects inside each other that are read of an event; what is deeper makes it none.
inline constexpr int kMaxJsonDepth = 16;

struct SesNotification {
  // What became of the mail. None: the text is no event, or one that tells nothing of it.
  std::optional<Kind> kind;
  // The event in the words of RFC 3464: fields of the message, then a group for each recipient.
  std::string status_fields;
  // What it says of the message, as its header: Return-Path, Message-ID, To, Subject.
  std::string returned_header;
};

// Reads the JSON object that `text` begins with; what is behind it, SNS's own words, is passed
// over. It is the event itself, or that of SNS with the event as a string in its "Message". The
// names are those of "Contents of event data" and "Notification contents" in the Amazon SES
// developer guide: notificationType or eventType, and bounce.bouncedRecipients,
// complaint.complainedRecipients, delivery.recipients or deliveryDelay.delayedRecipients.
//
// The JSON is strict (RFC 8259), but for the line breaks by which relays cut long lines ("!" and an
// indented next line), which are undone. Total and linear.
SesNotification ReadSesNotification(std::string_view text);

}  // namespace bounced
