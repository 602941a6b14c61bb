#include "server/cli/verbs/ingest_log.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "server/cli/interruption.h"
#include "server/cli/json.h"
#include "server/cli/lines.h"
#include "server/cli/log_file.h"
#include "server/cli/passing.h"
#include "server/cli/postfix_log.h"

namespace bounced::cli {
namespace {

constexpr std::size_t kLinesAtOnce = 4'000;
constexpr int kMaxAttempts = 1'000;  // of one call
// And so many octets, so that with one more it stays below what gRPC takes by default.
constexpr std::size_t kFullRequestOctets = 1 << 20;
constexpr int kMaxToldRejections = 20;                          // of one run
constexpr absl::Duration kLookAgain = absl::Milliseconds(500);  // for what a log has got
// Before a call is tried again; twice as long each time.
constexpr absl::Duration kFirstRetryPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestRetryPause = absl::Seconds(30);

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
        interruption_(session.in()),
        log_({.zone = absl::LocalTimeZone(), .private_hosts = arguments.private_hosts}) {}

  absl::StatusOr<ExitCode> Run() {
    absl::Status status = arguments_.file == "-" ? ReadInput() : ReadFile();
    if (!status.ok() && !interruption_.asked()) return status;
    Tell();
    if (interruption_.asked()) {
      if (!status.ok()) Warn(absl::StrCat("the last lines are not in: ", status.message()));
      session_.out().Flush();
      session_.err().Flush();
      Interruption::EndProgram();
    }
    return counts_.rejected > 0 ? ExitCode::kFound : ExitCode::kDone;
  }

 private:
  absl::Status ReadInput() {
    LineReader reader(session_.in());
    for (;;) {
      absl::StatusOr<std::vector<Line>> lines = reader.Next(kLinesAtOnce);
      if (absl::IsCancelled(lines.status()) && interruption_.asked()) return absl::OkStatus();
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
    while (!interruption_.asked()) {
      absl::StatusOr<std::vector<Line>> lines = file.Next(kLinesAtOnce);
      if (!lines.ok()) return lines.status();
      WarnOf(file);
      if (lines->empty()) {
        if (!arguments_.follow) return absl::OkStatus();
        interruption_.Pause(kLookAgain);
        continue;
      }
      if (absl::Status status = Take(*lines); !status.ok()) return status;
      if (arguments_.state.empty()) continue;
      absl::StatusOr<LogPosition> position = file.position();
      if (!position.ok()) return position.status();
      absl::Status status = WriteLogPosition(arguments_.state, *position);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
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
      *request_.add_attempts() = attempt;
      octets_ += attempt.ByteSizeLong();
      if (request_.attempts_size() < kMaxAttempts && octets_ < kFullRequestOctets) continue;
      if (absl::Status status = Send(); !status.ok()) return status;
    }
    return Send();
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

  absl::Status Send() {
    if (request_.attempts().empty()) return absl::OkStatus();
    request_.set_tenant(session_.tenant());
    v1::RecordDeliveriesResponse response;
    absl::Status status = Call([&](grpc::ClientContext* context) {
      response.Clear();
      return bounces_->RecordDeliveries(context, request_, &response);
    });
    if (!status.ok()) return status;
    counts_.changed += response.changed();
    counts_.duplicates += response.duplicates();
    for (const v1::RejectedAttempt& rejected : response.rejected()) TellRejected(rejected);
    request_.Clear();
    octets_ = 0;
    return absl::OkStatus();
  }

  void TellRejected(const v1::RejectedAttempt& rejected) {
    if (++counts_.rejected > kMaxToldRejections) return;
    const int index = rejected.index();
    const bool is_known = index >= 0 && index < request_.attempts_size();
    Warn(absl::StrCat(is_known ? Shown(request_.attempts(index).message_reference()) : "", ": ",
                      Shown(rejected.message())));
  }

  // Of a log that is followed, and of what comes through a pipe, which nobody can read again, it
  // tries again until it is answered.
  absl::Status Call(const std::function<grpc::Status(grpc::ClientContext*)>& call) {
    absl::Duration pause = kFirstRetryPause;
    for (bool is_told = false;;) {
      absl::Status status = session_.client().Unary(call);
      const bool waits = arguments_.follow || arguments_.file == "-";
      if (!waits || !Passes(status.code()) || interruption_.asked()) return status;
      if (!std::exchange(is_told, true)) {
        Warn(absl::StrCat(status.message(), "; it is tried again"));
      }
      interruption_.Pause(pause);
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
  Interruption interruption_;
  PostfixLog log_;
  v1::RecordDeliveriesRequest request_;  // that is being filled
  std::size_t octets_ = 0;               // of its attempts
  Counts counts_;
};

}  // namespace

absl::StatusOr<ExitCode> IngestLog(const LogArguments& arguments, Session& session) {
  return LogIngester(arguments, session).Run();
}

}  // namespace bounced::cli
