// The report in a delivery status: RFC 3464 and RFC 6533, and what says the same without their
// types.
#pragma once

#include "parser/reading/reading.h"

namespace bounced {

// Each reads the status of one kind, if there is one, into the report, and says whether there was.
//
// Parts of the types of RFC 3464 and 6533, whatever the multipart around them is called. A person
// may send such a part on, too, but not inside a multipart/report.
bool ReadTypedStatus(Reading& reading);
// An event of Amazon SES in JSON, passed on by mail: the same fields by other names.
bool ReadSesStatus(Reading& reading);
// Status fields that lost their MIME type on the way, or never had one: in a text or an unnamed
// attachment, or in a multipart that falls apart. So little is left of a report here that it is one
// only when a mail system wrote the message, or nobody says who did; a person quotes, and a machine
// that answers mail quotes, too.
bool ReadUntypedStatus(Reading& reading);

}  // namespace bounced
