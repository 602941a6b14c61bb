// Feedback reports: what mailbox providers pass on when somebody presses "spam" (RFC 5965, and
// RFC 6591 for failed authentication).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "parser/mime/body.h"
#include "parser/notice/meaning.h"

namespace bounced {

// The fields of a message/feedback-report, values as they stand, folds and all; of those that may
// come once, the first (RFC 5965, 3.1 and 3.2). Empty: there is none. Views into the part.
struct FeedbackFields {
  std::string_view feedback_type;
  std::string_view user_agent;
  std::string_view original_mail_from;
  std::string_view original_envelope_id;
  std::string_view arrival_date;  // or Received-Date, its older name
  std::string_view source_ip;
  std::string_view reported_domain;
  std::string_view reporting_mta;
  std::string_view incidents;
  // Every Original-Rcpt-To; if there is none, every Removal-Recipient or Redacted-Address, by which
  // older forms name whom to take off the list.
  std::vector<std::string_view> recipients;
};

// Total and linear. No more than `max_recipients` are kept.
FeedbackFields ReadFeedbackFields(std::string_view part, std::size_t max_line,
                                  std::size_t max_recipients);

// What a Feedback-Type says (RFC 5965, 7.3; RFC 6430). Only `abuse` is the complaint of a person,
// and `opt-out`, which was never registered but is sent, the wish to be left alone; a type that
// nobody knows is `complaint_other`, an absent one too. A failed authentication (RFC 6591) is
// nobody's complaint, so its kind is `other`.
Meaning MeaningOf(std::string_view feedback_type);

// Whether a report names nobody with `address`, as it has made him unrecognizable: a mailbox whose
// local part is a word for "taken out", or a digest in base64, by its length and padding (RFC 6590,
// 3). One in hexadecimal cannot be told from a name that a program gave.
bool IsRedacted(std::string_view address);

}  // namespace bounced
