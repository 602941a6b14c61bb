// What is about no delivery: feedback reports, read receipts, replies.
#pragma once

#include "parser/notice/reply.h"
#include "parser/reading/reading.h"

namespace bounced {

// RFC 5965, into the report. Whether it is one.
bool ReadFeedback(Reading& reading);
// RFC 8098, the same.
bool ReadDisposition(Reading& reading);
// `reply` is what FindReply() says of the message. Who answered is who it is about.
void ReadReply(Reply reply, Reading& reading);

}  // namespace bounced
