#include "tests/simulation/machine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "parser/text.h"
#include "storage/sqlite/connection.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/violation.h"

namespace bounced::simulation {
namespace {

constexpr absl::Duration kMaxAge = absl::Hours(24 * 30);

// README, "Return paths": to the end of its day of issue and max_age after, and not before
// yesterday.
bool IsGood(const ReturnPath& return_path, absl::Time now) {
  return now < StartOf(return_path.day + 1) + kMaxAge && return_path.day <= DayOf(now) + 1;
}

Work WorkOf(const Request& request) {
  if (const auto* put = std::get_if<Put>(&request)) {
    return PutSuppressions{
        .suppressions = {put->suppression}, .author = "api", .cause = "", .replace = put->replace};
  }
  if (const auto* remove = std::get_if<Remove>(&request)) {
    return RemoveSuppressions{.tenant = remove->tenant,
                              .stream = remove->stream,
                              .address = remove->address,
                              .source = remove->source,
                              .author = "api",
                              .cause = ""};
  }
  if (const auto* undo = std::get_if<Undo>(&request)) {
    return UndoChanges{.selection = {.tenant = undo->tenant, .number = undo->number},
                       .numbers = {undo->number},
                       .author = "api",
                       .cause = "",
                       .batch = std::make_shared<Batch>()};
  }
  return DropOld{.ids = std::get<Drop>(request).numbers};
}

Answer AnswerOf(const Work& work) {
  if (const auto* put = std::get_if<PutSuppressions>(&work)) return put->outcomes.at(0);
  if (const auto* remove = std::get_if<RemoveSuppressions>(&work)) return remove->removed.size();
  if (const auto* undo = std::get_if<UndoChanges>(&work)) return undo->outcomes.at(0);
  return {};
}

std::string NameOf(const Request& request) {
  if (const auto* receive = std::get_if<Receive>(&request)) {
    return absl::StrCat("mail ", receive->mail->number);
  }
  constexpr std::array kNames = {"mail", "put", "remove", "undo", "drop"};
  return kNames[request.index()];
}

}  // namespace

Machine::Machine(const World& world, const SimulatedClock& clock, Random& random, Trace& trace)
    : world_(world),
      clock_(clock),
      random_(random),
      trace_(trace),
      directory_(world.MakeDirectory()) {}

Machine::~Machine() {
  disk_.CutPower();
  daemon_.reset();
}

// --- The process

bool Machine::has_failed() const { return !daemon_->committer().fatal().ok(); }

void Machine::Start() {
  max_batch_ = static_cast<std::size_t>(random_.Chance(50) ? random_.Between(1, 4) : 1'000);
  absl::StatusOr<std::unique_ptr<Daemon>> daemon = Daemon::Start({.directory = directory_,
                                                                  .vfs = disk_.name(),
                                                                  .rules = world_.rules(),
                                                                  .paths = world_.paths(),
                                                                  .clock = clock_,
                                                                  .max_batch = max_batch_});
  trace_.Add(absl::StrCat("start ", static_cast<int>(daemon.status().code())));
  if (!Answers(daemon.status(), "start")) {
    // What it met is gone with it.
    has_met_failure_ = false;
    return;
  }
  daemon_ = *std::move(daemon);
  ++starts_;
  ResolveDoubt();
}

// A commit that was cut off is there as a whole, or not at all; from now on for good.
void Machine::ResolveDoubt() {
  if (doubtful_) {
    ++doubts_;
    const bool is_there = DifferenceFrom(*doubtful_).empty();
    trace_.Add(absl::StrCat("doubt: ", is_there ? "there" : "not there"));
    if (is_there) model_ = *std::move(doubtful_);
    doubtful_.reset();
    if (is_there) return;
  }
  CheckAll();
}

void Machine::Stop() {
  while (has_requests() && !has_failed()) Step();
  trace_.Add("stop");
  pending_.clear();
  daemon_.reset();
  has_met_failure_ = false;
}

void Machine::Crash(Ending ending) {
  trace_.Add(absl::StrCat("crash ", static_cast<int>(ending)));
  has_struck_ = has_struck();
  is_broken_ = false;
  disk_.CutPower();
  pending_.clear();
  daemon_.reset();
  has_met_failure_ = false;
  switch (ending) {
    case Ending::kPowerCut:
      return disk_.Restart(std::nullopt);
    case Ending::kPowerCutInPart:
      return disk_.Restart(static_cast<std::uint32_t>(random_.Next()));
    case Ending::kKilled:
      return disk_.Revive();
  }
}

void Machine::Exit() {
  trace_.Add("exit");
  pending_.clear();
  daemon_.reset();
  has_met_failure_ = false;
}

void Machine::Break(const DiskFault& fault) {
  trace_.Add(absl::StrCat("disk: call ", static_cast<int>(fault.call), " fails at ", fault.at,
                          fault.lasts ? " and on" : "", fault.halfway ? ", halfway" : "", ", with ",
                          fault.code));
  has_struck_ = false;
  is_broken_ = true;
  if (fault.halfway) {
    disk_.FailHalfway(fault.at, fault.code, fault.lasts);
  } else {
    disk_.Fail(fault.call, fault.at, fault.code, fault.lasts);
  }
}

void Machine::Heal() {
  trace_.Add("heal");
  has_struck_ = has_struck();
  is_broken_ = false;
  disk_.Heal();
}

void Machine::CutPowerAt(FaultyVfs::Call call, int n) {
  has_struck_ = has_struck();
  is_broken_ = false;
  disk_.CutPowerAt(call, n);
}

// --- Requests

void Machine::Submit(Request request) {
  trace_.Add("submit " + NameOf(request));
  auto told = std::make_shared<Told>();
  Work work = WorkOf(request);
  daemon_->committer().Submit(std::move(work), [told](absl::Status status, Work done) {
    told->status = std::move(status);
    told->work = std::move(done);
  });
  if (told->status) return Require(has_failed(), "refused at once, without a reason");
  pending_.push_back({.request = std::move(request), .told = std::move(told)});
}

void Machine::Step() {
  const std::size_t count = std::min(max_batch_, pending_.size());
  std::vector<Pending> batch(pending_.begin(),
                             pending_.begin() + static_cast<std::ptrdiff_t>(count));
  // Sessions that are answered may ask for more at once.
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<Request> requests;
  for (const Pending& each : batch) requests.push_back(each.request);
  const bool had_failed = has_failed();
  Model with = model_;
  const std::vector<Answer> answers = with.Apply(requests, clock_.Now());
  // Those who are answered may look at once.
  std::swap(model_, with);
  const bool did = daemon_->committer().Step();
  Require(did == !batch.empty(), "the committer does not do what waits");
  if (batch.empty()) return;
  for (const Pending& each : batch) Require(each.told->status.has_value(), "no answer");
  const absl::Status& status = *batch.front().told->status;
  trace_.Add(absl::StrCat("commit of ", count, ": ", static_cast<int>(status.code())));
  for (const Pending& each : batch) {
    Require(*each.told->status == status, "one commit has two answers");
  }
  if (status.ok()) {
    Require(!had_failed, "it commits after a failure");
    return CheckAnswers(batch, answers);
  }
  std::swap(model_, with);
  Require(is_excused(), absl::StrCat("a commit fails: ", status.ToString()));
  if (!absl::IsDataLoss(status)) return;
  has_met_failure_ = true;
  if (!had_failed) doubtful_ = std::move(with);
}

void Machine::CheckAnswers(const std::vector<Pending>& batch, const std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (const auto* receive = std::get_if<Receive>(&batch[i].request)) {
      NoteIds(*receive, batch[i].told->ids);
      continue;
    }
    Require(AnswerOf(*batch[i].told->work) == answers[i],
            absl::StrCat("another answer than it should be, to ", NameOf(batch[i].request)));
  }
}

// A message has the same id however often it is sent.
void Machine::NoteIds(const Receive& receive, const smtp::MessageIds& ids) {
  Require(ids.size() == receive.return_paths.size(), "not an id for each return path");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Model::EventKey key(receive.return_paths[i]->path, receive.mail->number);
    const auto [known, is_new] = ids_.emplace(key, ids[i]);
    Require(known->second == ids[i], absl::StrCat("mail ", key.second, " has two ids"));
  }
}

absl::Status Machine::Vouch(const smtp::ForwardPath& path, absl::Time now) {
  const absl::Status status = daemon_->receiver().Vouch(path, now);
  const auto return_path = return_paths_.find(path.local_part + "@" + path.domain);
  Require(return_path != return_paths_.end(), "RCPT names what nobody has sent");
  Require(status.ok() == IsGood(*return_path->second, now),
          absl::StrCat("a return path of day ", return_path->second->day, " on day ", DayOf(now),
                       " is judged ", status.ToString()));
  return status;
}

void Machine::Commit(smtp::Envelope envelope, std::string client_address, std::string message,
                     absl::AnyInvocable<void(absl::StatusOr<smtp::MessageIds>)> done) {
  const auto mail = mails_.find(message);
  Require(mail != mails_.end(), "a message is taken that nobody has sent so");
  Receive receive{.mail = mail->second, .return_paths = {}, .time = clock_.Now()};
  for (const smtp::EnvelopeRecipient& recipient : envelope.recipients) {
    receive.return_paths.push_back(
        return_paths_.at(recipient.path.local_part + "@" + recipient.path.domain));
  }
  trace_.Add(absl::StrCat("receive mail ", mail->second->number));
  auto told = std::make_shared<Told>();
  daemon_->receiver().Commit(
      std::move(envelope), std::move(client_address), std::move(message),
      [told, done = std::move(done)](absl::StatusOr<smtp::MessageIds> ids) mutable {
        told->status = ids.status();
        if (ids.ok()) told->ids = *ids;
        done(std::move(ids));
      });
  if (told->status) return Require(has_failed(), "refused at once, without a reason");
  pending_.push_back({.request = std::move(receive), .told = std::move(told)});
}

// --- What must be so

bool Machine::Answers(const absl::Status& status, std::string_view what) {
  if (status.ok()) return true;
  Require(is_excused(), absl::StrCat(Absl(what), " fails: ", status.ToString()));
  has_met_failure_ = has_met_failure_ || absl::IsDataLoss(status);
  return false;
}

void Machine::CheckVerdict(const std::string& tenant, const std::string& stream,
                           const Address& address) {
  const absl::StatusOr<Verdict> verdict =
      AskVerdict(daemon_->checker(), tenant, stream, address, clock_.Now());
  if (!Answers(verdict.status(), "Check")) return;
  const Verdict want = model_.Check(tenant, stream, address, clock_.Now());
  trace_.Add(absl::StrCat("check ", address.canonical(), " of ", tenant, " '", stream,
                          "': ", Absl(ToString(*verdict))));
  Require(*verdict == want,
          absl::StrCat("Check says ", Absl(ToString(*verdict)), ", not ", Absl(ToString(want))));
}

void Machine::CheckAcknowledged(const Mail& mail,
                                const std::vector<const ReturnPath*>& return_paths,
                                const std::string& ids) {
  std::vector<std::string> known;
  for (const ReturnPath* return_path : return_paths) {
    const Model::EventKey key(return_path->path, mail.number);
    Require(model_.events().contains(key), "250 for a message that is not committed");
    known.push_back(ids_.at(key));
  }
  Require(absl::StrJoin(known, ",") == ids, "250 names other ids");
}

std::string Machine::DifferenceFrom(const Model& model) {
  absl::StatusOr<std::string> difference =
      FindDifference(model, daemon_->store(), mails_, clock_.Now());
  if (!difference.ok() && disk_.struck()) {
    Answers(difference.status(), "the comparison");
    Heal();
    difference = FindDifference(model, daemon_->store(), mails_, clock_.Now());
  }
  return difference.ok() ? *difference : difference.status().ToString();
}

void Machine::CheckAll() {
  const std::string difference = DifferenceFrom(model_);
  Require(difference.empty(), difference);
}

// As another program, or the daemon's thread for it, does.
void Machine::CheckPoint() {
  absl::StatusOr<Connection> connection =
      Connection::Open(World::DatabaseIn(directory_), disk_.name(), Access::kWrite);
  absl::Status status = connection.status();
  if (status.ok()) status = connection->Execute("PRAGMA wal_checkpoint(PASSIVE)");
  trace_.Add(absl::StrCat("checkpoint ", static_cast<int>(status.code())));
  Answers(status, "a checkpoint");
}

void Machine::BackUp() {
  const absl::StatusOr<std::unique_ptr<Backup>> backup =
      daemon_->store().MakeBackup(0, [](const WorkProgress&) { return true; });
  trace_.Add(absl::StrCat("backup ", static_cast<int>(backup.status().code())));
  Answers(backup.status(), "a backup");
  if (is_excused()) return;
  const absl::StatusOr<Findings> findings = daemon_->store().CheckIntegrity(
      {.full = true}, 0, clock_.Now(), [](const WorkProgress&) { return true; });
  if (!Answers(findings.status(), "a check")) return;
  // A page of the copy that cannot be read is one, too.
  Require(is_excused() || findings->count == 0,
          findings->shown.empty() ? "" : "the check finds: " + findings->shown.front());
}

}  // namespace bounced::simulation
