#include "server/intake/reread.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "parser/dsn/enhanced_status.h"
#include "server/intake/attribution.h"

namespace bounced {
namespace {

// `event` with what `reading` says beside who it is about.
Event WithReading(Event event, Event reading) {
  event.kind = reading.kind;
  event.enhanced_status = std::move(reading.enhanced_status);
  event.reply_code = reading.reply_code;
  event.persistence = reading.persistence;
  event.stage = reading.stage;
  event.reason = reading.reason;
  event.bounce_class = reading.bounce_class;
  event.fault = reading.fault;
  event.counts = reading.counts;
  event.text_bears_out = reading.text_bears_out;
  event.confidence = reading.confidence;
  event.rule = std::move(reading.rule);
  event.matched_text = std::move(reading.matched_text);
  return event;
}

bool NamesTheSame(const Event& a, const Event& b) {
  return a.final_recipient == b.final_recipient && a.original_recipient == b.original_recipient;
}

// The reading of the recipient that the event was made of: the one in its place, unless a parser
// that finds more or fewer of them has moved it; then the only one that names the same.
std::optional<Event> ReadingOf(const StoredEvent& stored,
                               const std::vector<Recipient>& recipients) {
  const auto place = static_cast<std::size_t>(std::max<std::int64_t>(stored.place, 0));
  if (place < recipients.size()) {
    Event reading = EventOf(recipients[place]);
    if (NamesTheSame(reading, stored.event)) return reading;
  }
  std::optional<Event> only;
  for (const Recipient& recipient : recipients) {
    Event reading = EventOf(recipient);
    if (!NamesTheSame(reading, stored.event)) continue;
    if (only) return std::nullopt;
    only = std::move(reading);
  }
  return only;
}

}  // namespace

std::optional<Event> ReadAgain(const StoredEvent& stored, const Report* report,
                               const RuleSet& rules) {
  const Event& event = stored.event;
  if (event.kind == Kind::kUnsubscribe || event.rule == kForwardRule) return event;
  if (report != nullptr) {
    // What names nobody is what its kind says.
    if (report->recipients.empty()) {
      return report->kind == event.kind ? std::optional<Event>(event) : std::nullopt;
    }
    std::optional<Event> reading = ReadingOf(stored, report->recipients);
    if (!reading) return std::nullopt;
    return WithReading(event, *std::move(reading));
  }
  if (event.kind != Kind::kBounce) return event;
  if (event.diagnostic.empty() && event.enhanced_status.empty() && event.reply_code == 0) {
    return std::nullopt;
  }
  Symptoms symptoms;
  symptoms.enhanced_status = ParseStatusField(event.enhanced_status);
  if (event.reply_code != 0) symptoms.reply_code = event.reply_code;
  symptoms.stage = event.stage;
  symptoms.text = event.diagnostic;
  symptoms.remote_mta = event.remote_mta;
  symptoms.reporting_mta = stored.message.reporting_mta;
  Recipient recipient;
  recipient.stage = event.stage;
  recipient.classification = rules.Classify(symptoms);
  Event reading = EventOf(recipient);
  reading.enhanced_status = event.enhanced_status;
  reading.reply_code = event.reply_code;
  return WithReading(event, std::move(reading));
}

bool IsSameReading(const Event& a, const Event& b) {
  return a.kind == b.kind && a.enhanced_status == b.enhanced_status &&
         a.reply_code == b.reply_code && a.persistence == b.persistence && a.stage == b.stage &&
         a.reason == b.reason && a.bounce_class == b.bounce_class && a.fault == b.fault &&
         a.counts == b.counts && a.text_bears_out == b.text_bears_out &&
         a.confidence == b.confidence && a.rule == b.rule && a.matched_text == b.matched_text &&
         a.effect == b.effect && a.policy_rule == b.policy_rule;
}

}  // namespace bounced
