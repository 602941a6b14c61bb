#include "server/cli/verbs/ingest_log.h"

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/lines.h"
#include "server/cli/log_file.h"
#include "server/cli/postfix_log.h"

namespace bounced::cli {
namespace {

constexpr std::size_t kLinesAtOnce = 4'000;
constexpr int kMaxAttempts = 1'000;  // of one call
// And so many octets, so that with one more it stays below what gRPC takes by default.
constexpr std::size_t kFullRequestOctets = 1 << 20;
constexpr int kMaxToldRejections = 20;                          // of one run
constexpr absl::Duration kLookAgain = absl::Milliseconds(500);  // for what a log has got
constexpr absl::Duration kFirstRetryPause = absl::Seconds(1);   // before a call is tried again
constexpr absl::Duration kLongestRetryPause = absl::Seconds(30);

void Pause(absl::Duration time) {
  ::poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(time)));
}

// What passes without anybody mending the request.
bool Passes(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kResourceExhausted ||
         status.code() == absl::StatusCode::kDeadlineExceeded;
}

struct Counts {
  std::int64_t lines = 0;
  std::int64_t delivered = 0;
  std::int64_t bounced = 0;
  std::int64_t deferred = 0;
  std::int64_t changed = 0;
  std::int64_t duplicates = 0;
  std::int64_t rejected = 0;
  std::int64_t own = 0;
  std::int64_t null_return_path = 0;
};

class LogIngester {
 public:
  LogIngester(const LogArguments& arguments, Session& session)
      : arguments_(arguments),
        session_(session),
        bounces_(session.client().Stub<v1::BounceService>()),
        return_paths_(session.client().Stub<v1::ReturnPathService>()),
        log_({.zone = absl::LocalTimeZone(), .private_hosts = arguments.private_hosts}) {}

  absl::StatusOr<ExitCode> Run() {
    if (absl::Status status = LearnTenants(); !status.ok()) return status;
    absl::Status status = arguments_.file == "-" ? ReadInput() : ReadFile();
    if (!status.ok()) return status;
    Tell();
    return counts_.rejected > 0 ? ExitCode::kFound : ExitCode::kDone;
  }

 private:
  absl::Status ReadInput() {
    LineReader reader(session_.in());
    for (;;) {
      absl::StatusOr<std::vector<Line>> lines = reader.Next(kLinesAtOnce);
      if (!lines.ok()) return lines.status();
      if (lines->empty()) return absl::OkStatus();
      if (absl::Status status = Take(*lines); !status.ok()) return status;
    }
  }

  absl::Status ReadFile() {
    const bool has_state = !arguments_.state.empty();
    LogFileOptions options{.follow = arguments_.follow,
                           .from = std::nullopt,
                           .takes_last_line = !arguments_.follow && !has_state};
    if (has_state) {
      absl::StatusOr<LogPosition> position = ReadLogPosition(arguments_.state);
      if (position.ok()) options.from = *position;
      const bool is_first = position.status().code() == absl::StatusCode::kNotFound;
      if (!position.ok() && !is_first) return position.status();
    }
    const bool goes_on = options.from.has_value();
    absl::StatusOr<std::unique_ptr<LogFile>> file =
        LogFile::Open(arguments_.file, std::move(options));
    if (!file.ok()) return file.status();
    WarnOf(**file);
    if (goes_on) {
      absl::Status status =
          (*file)->ForEachLineBefore(kReadAgainOctets, [this](std::string_view line) {
            v1::DeliveryAttempt unused;
            log_.Take(line, session_.now(), unused);
          });
      if (!status.ok()) return status;
    }
    return ReadLines(**file);
  }

  absl::Status ReadLines(LogFile& file) {
    for (;;) {
      absl::StatusOr<std::vector<Line>> lines = file.Next(kLinesAtOnce);
      if (!lines.ok()) return lines.status();
      WarnOf(file);
      if (lines->empty()) {
        if (!arguments_.follow) return absl::OkStatus();
        Pause(kLookAgain);
        continue;
      }
      if (absl::Status status = Take(*lines); !status.ok()) return status;
      if (arguments_.state.empty()) continue;
      absl::StatusOr<LogPosition> position = file.position();
      if (!position.ok()) return position.status();
      absl::Status status = WriteLogPosition(arguments_.state, *position);
      if (!status.ok()) return status;
    }
  }

  void WarnOf(LogFile& file) {
    if (const std::string notice = file.TakeNotice(); !notice.empty()) Warn(notice);
  }

  absl::Status Take(const std::vector<Line>& lines) {
    v1::DeliveryAttempt attempt;
    for (const Line& line : lines) {
      ++counts_.lines;
      const PostfixLine kind = log_.Take(line.text, session_.now(), attempt);
      if (kind == PostfixLine::kOwn) ++counts_.own;
      if (kind == PostfixLine::kNullReturnPath) ++counts_.null_return_path;
      if (kind != PostfixLine::kAttempt) continue;
      Count(attempt.outcome());
      attempt.set_stream(session_.stream());
      v1::RecordDeliveriesRequest& request = waiting_[TenantOf(attempt)];
      *request.add_attempts() = attempt;
      octets_ += attempt.ByteSizeLong();
      if (request.attempts_size() < kMaxAttempts && octets_ < kFullRequestOctets) continue;
      if (absl::Status status = SendAll(); !status.ok()) return status;
    }
    return SendAll();
  }

  void Count(v1::DeliveryOutcome outcome) {
    switch (outcome) {
      case v1::DELIVERY_OUTCOME_DELIVERED:
        ++counts_.delivered;
        break;
      case v1::DELIVERY_OUTCOME_BOUNCED:
        ++counts_.bounced;
        break;
      default:
        ++counts_.deferred;
    }
  }

  // The return path says whose mail it is, where it is one of the server's.
  std::string TenantOf(const v1::DeliveryAttempt& attempt) const {
    const std::string& path = attempt.return_path();
    const auto tenant = tenants_.find(FoldCase(std::string_view(path).substr(path.rfind('@') + 1)));
    return tenant != tenants_.end() ? tenant->second : session_.tenant();
  }

  absl::Status LearnTenants() {
    if (!session_.tenant().empty()) return absl::OkStatus();
    v1::ListKeysResponse response;
    absl::Status status = Call([&](grpc::ClientContext* context) {
      return return_paths_->ListKeys(context, {}, &response);
    });
    // Who may only write writes for one tenant, and the server knows which.
    if (status.code() == absl::StatusCode::kPermissionDenied) return absl::OkStatus();
    for (const v1::ReturnPathKey& key : response.keys()) {
      if (!key.unsubscribe()) tenants_[key.domain()] = key.tenant();
    }
    return status;
  }

  absl::Status SendAll() {
    for (auto& [tenant, request] : waiting_) {
      if (request.attempts().empty()) continue;
      request.set_tenant(tenant);
      v1::RecordDeliveriesResponse response;
      absl::Status status = Call([&, &asked = request](grpc::ClientContext* context) {
        response.Clear();
        return bounces_->RecordDeliveries(context, asked, &response);
      });
      if (!status.ok()) return status;
      counts_.changed += response.changed();
      counts_.duplicates += response.duplicates();
      for (const v1::RejectedAttempt& rejected : response.rejected()) {
        TellRejected(rejected, request);
      }
      request.Clear();
    }
    octets_ = 0;
    return absl::OkStatus();
  }

  void TellRejected(const v1::RejectedAttempt& rejected,
                    const v1::RecordDeliveriesRequest& request) {
    if (++counts_.rejected > kMaxToldRejections) return;
    const int index = rejected.index();
    const bool is_known = index >= 0 && index < request.attempts_size();
    Warn(absl::StrCat(is_known ? Shown(request.attempts(index).message_reference()) : "", ": ",
                      Shown(rejected.message())));
  }

  // Of a log that is followed it tries again until it is answered.
  absl::Status Call(const std::function<grpc::Status(grpc::ClientContext*)>& call) {
    absl::Duration pause = kFirstRetryPause;
    for (bool is_told = false;;) {
      absl::Status status = session_.client().Unary(call);
      if (!arguments_.follow || !Passes(status)) return status;
      if (!std::exchange(is_told, true)) {
        Warn(absl::StrCat(status.message(), "; it is tried again"));
      }
      Pause(pause);
      pause = std::min(2 * pause, kLongestRetryPause);
    }
  }

  void Warn(const std::string& text) {
    session_.err().Text(absl::StrCat("bouncectl: ", Shown(arguments_.file), ": ", text, "\n"));
  }

  void Tell() {
    const Counts& c = counts_;
    const std::int64_t attempts = c.delivered + c.bounced + c.deferred;
    if (!session_.json()) {
      return session_.out().Text(absl::StrCat(
          c.lines, " lines: ", c.delivered, " delivered, ", c.bounced, " bounced, ", c.deferred,
          " deferred; ", c.changed, " had an effect, ", c.duplicates, " came before, ", c.rejected,
          " rejected; ", c.own, " within the own system, ", c.null_return_path, " of reports, ",
          c.lines - attempts - c.own - c.null_return_path, " others\n"));
    }
    JsonWriter json;
    json.BeginObject().Key("lines").Number(c.lines);
    json.Key("delivered").Number(c.delivered).Key("bounced").Number(c.bounced);
    json.Key("deferred").Number(c.deferred).Key("changed").Number(c.changed);
    json.Key("duplicates").Number(c.duplicates).Key("rejected").Number(c.rejected);
    json.Key("own").Number(c.own).Key("null_return_path").Number(c.null_return_path);
    session_.out().Json(json.EndObject().text());
  }

  const LogArguments& arguments_;
  Session& session_;
  const std::unique_ptr<v1::BounceService::Stub> bounces_;
  const std::unique_ptr<v1::ReturnPathService::Stub> return_paths_;
  PostfixLog log_;
  std::map<std::string, std::string> tenants_;                  // by domain
  std::map<std::string, v1::RecordDeliveriesRequest> waiting_;  // by tenant
  std::size_t octets_ = 0;                                      // of what waits
  Counts counts_;
};

}  // namespace

absl::StatusOr<ExitCode> IngestLog(const LogArguments& arguments, Session& session) {
  return LogIngester(arguments, session).Run();
}

}  // namespace bounced::cli
