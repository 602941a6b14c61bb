// The report in words for people, which follow no standard.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parser/prose/prose_report.h"
#include "parser/reading/reading.h"

namespace bounced {

// What ReadProse() is asked of `text`. `parties` must outlive it.
ProseQuestion QuestionOf(Reading& reading, std::string_view text, const Reading::Parties& parties);

// What `words`, which stand in `body`, say of a recipient, into it.
void JudgeByWords(const Reading& reading, std::string_view words, Kind kind, const Body& body,
                  Recipient& recipient);

// Reads a report that has words and no fields, if the message is one, into the report. A mail
// system wrote it, or it names the failed in its header; a person may quote one, and a machine
// answers with one in it.
void ReadProseReport(Reading& reading);

// Every address in reading.Texts(), whoever's it is, in their order; no more than `max_count`.
std::vector<Found<std::string>> FindNamedInWords(Reading& reading, std::size_t max_count);

}  // namespace bounced
