#include "server/intake/incident_watch.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "server/intake/mailbox_providers.h"
#include "storage/index_grace.h"

namespace bounced {
namespace {

constexpr std::string_view kOtherProvider = "other";

std::string_view IncidentLine(TendIncidents::News::What what) {
  switch (what) {
    case TendIncidents::News::What::kOpened:
      return "incident.opened";
    case TendIncidents::News::What::kWorse:
      return "incident.worse";
    case TendIncidents::News::What::kClosed:
      return "incident.closed";
  }
  return "incident";
}

Counter IncidentCounter(Incident::Kind kind) {
  switch (kind) {
    case Incident::Kind::kBounceRate:
      return Counter::kBounceRates;
    case Incident::Kind::kComplaintRate:
      return Counter::kComplaintRates;
    default:
      return Counter::kRefusals;
  }
}

}  // namespace

absl::Status IncidentWatch::Step() {
  LookAtTheClock();
  const std::shared_ptr<const IncidentPolicy> policy = policy_.Get();
  const absl::Time now = clock_.Now();
  Work work = TendIncidents{.judge =
                                [policy, now](const TendIncidents::Watched& watched) {
                                  return JudgeIncident(*policy, watched, now);
                                },
                            .unverified_count = policy->unverified_count};
  if (absl::Status status = committer_.SubmitAndWait(work); !status.ok()) return status;
  Tell(std::get<TendIncidents>(work));
  return absl::OkStatus();
}

void IncidentWatch::LookAtTheClock() {
  const std::optional<absl::Duration> jump = jumps_.Look();
  if (!jump) return;
  // The index has let go of what ended longer ago by the wrong time.
  const bool is_too_far_back = *jump < -kIndexGrace;
  log_.Warning(
      "clock.jumped",
      {{"seconds", absl::ToInt64Seconds(*jump)},
       {"advice", is_too_far_back ? "restart: what had ended by the time before may be let through"
                                  : "none; if it was not you, see who sets the clock"}});
}

void IncidentWatch::Tell(const TendIncidents& done) {
  for (const TendIncidents::News& news : done.news) {
    const Incident& incident = news.incident;
    const bool is_refusal = incident.kind == Incident::Kind::kRefusal;
    std::string_view provider = "-";
    // A domain may be a person's.
    if (is_refusal && IsProviderName(incident.provider)) {
      provider = incident.provider;
    } else if (is_refusal) {
      provider = kOtherProvider;
    }
    const LogLevel level =
        news.what == TendIncidents::News::What::kClosed ? LogLevel::kInfo : LogLevel::kWarning;
    log_.Write(level, IncidentLine(news.what),
               {{"incident", incident.id},
                {"kind", ToString(incident.kind)},
                {"severity", ToString(incident.severity)},
                {"tenant", incident.tenant},
                {"stream", incident.stream},
                {"provider", provider},
                {"reason", is_refusal ? ToString(incident.reason) : "-"},
                {"count", incident.count},
                {"window_count", incident.window_count},
                {"window_total", incident.window_total},
                {"window_seconds", absl::ToInt64Seconds(incident.window)},
                {"deliveries_known", incident.deliveries_known ? "yes" : "no"},
                {"unverified", incident.unverified}});
    if (news.what == TendIncidents::News::What::kOpened) {
      counters_.Add(IncidentCounter(incident.kind));
    }
  }
  for (const TendIncidents::Unverified& risen : done.unverified) {
    log_.Warning("incident.unverified_rose", {{"tenant", risen.tenant}, {"count", risen.count}});
    counters_.Add(Counter::kUnverifiedRises);
  }
  for (const TendIncidents::WithoutDeliveries& each : done.without_deliveries) {
    log_.Warning("incident.deliveries_unknown",
                 {{"tenant", each.tenant},
                  {"stream", each.stream},
                  {"effect", "no rates; RecordDeliveries or ingest --postfix-log tells them"}});
  }
  if (done.uncounted > told_uncounted_) {
    log_.Warning("incident.uncounted", {{"count", done.uncounted}});
    told_uncounted_ = done.uncounted;
  }
}

void IncidentWatch::Start() {
  thread_ = std::thread([this] { Run(); });
}

void IncidentWatch::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// What goes wrong the committer and whoever else asks the store meet too, and say.
void IncidentWatch::Run() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      lock.WaitFor(changed_, absl::ToChronoMilliseconds(kInterval),
                   [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; });
      if (stopped_) return;
    }
    Step().IgnoreError();
  }
}

}  // namespace bounced
