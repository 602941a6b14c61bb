// The daemon's process and its disk, and what they must have kept.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/smtp/receiver.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/daemon.h"
#include "tests/simulation/disk_fault.h"
#include "tests/simulation/mail.h"
#include "tests/simulation/model.h"
#include "tests/simulation/random.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/world.h"
#include "tests/storage/faulty_vfs.h"

namespace bounced::simulation {

// How a process ends without being asked.
enum class Ending : std::uint8_t {
  kPowerCut,        // all that was not synced is lost
  kPowerCutInPart,  // some of its sectors are
  kKilled,          // nothing is lost that was written
};

// Passes requests on to the daemon, has the model do what was committed, and throws a Violation
// when the daemon says something else.
class Machine final : public smtp::Receiver {
 public:
  // All of them outlive it.
  Machine(const World& world, const SimulatedClock& clock, Random& random, Trace& trace);
  ~Machine() override;

  // --- The process

  bool is_up() const { return daemon_ != nullptr; }
  // Whether it will do nothing any more but end, as it does when its disk has failed.
  bool has_failed() const;
  // It may stay down while the disk fails. Once it is up all that it holds is compared.
  void Start();
  // Commits what waits, and ends. Sessions must be gone, as with all that end it.
  void Stop();
  void Crash(Ending ending);
  // Ends itself: it has failed.
  void Exit();

  // Before the next start, or while it is up. In place of a fault that there is.
  void Break(const DiskFault& fault);
  // The disk works again.
  void Heal();
  bool is_broken() const { return is_broken_; }
  // Since the disk was last broken.
  bool has_struck() const { return has_struck_ || disk_.struck(); }
  // In the midst of the next commit.
  void CutPowerAt(FaultyVfs::Call call, int n);
  // Whether an error is the disk's.
  bool is_excused() const { return disk_.struck() || disk_.is_off() || has_met_failure_; }

  // --- Requests

  void Submit(Request request);
  bool has_requests() const { return !pending_.empty(); }
  // Commits some of what waits.
  void Step();

  absl::Status Admit() override { return daemon_->receiver().Admit(); }
  absl::Status Vouch(const smtp::ForwardPath& path, absl::Time now) override;
  void Commit(smtp::Envelope envelope, std::string client_address, std::string message,
              absl::AnyInvocable<void(absl::StatusOr<smtp::MessageIds>)> done) override;

  // --- What must be so

  Daemon& daemon() { return *daemon_; }
  const Model& model() const { return model_; }
  // What may be sent and asked.
  void Add(const ReturnPath* return_path) { return_paths_.emplace(return_path->path, return_path); }
  void Add(const Mail* mail) { mails_.emplace(mail->octets, mail); }
  // An answer of the store's: false when it has none, which only a failing disk excuses.
  bool Answers(const absl::Status& status, std::string_view what);
  void CheckVerdict(const std::string& tenant, const std::string& stream, const Address& address);
  // A message was answered with 250.
  void CheckAcknowledged(const Mail& mail, const std::vector<const ReturnPath*>& return_paths,
                         const std::string& ids);
  void CheckAll();
  void CheckPoint();
  void BackUp();

  int starts() const { return starts_; }
  int doubts() const { return doubts_; }

 private:
  // What the daemon has said of a request.
  struct Told {
    std::optional<absl::Status> status = std::nullopt;
    std::optional<Work> work = std::nullopt;
    smtp::MessageIds ids = {};
  };
  struct Pending {
    Request request;
    std::shared_ptr<Told> told;
  };

  void CheckAnswers(const std::vector<Pending>& batch, const std::vector<Answer>& answers);
  void NoteIds(const Receive& receive, const smtp::MessageIds& ids);
  std::string DifferenceFrom(const Model& model);
  void ResolveDoubt();

  const World& world_;
  const SimulatedClock& clock_;
  Random& random_;
  Trace& trace_;
  FaultyVfs disk_;
  const std::string directory_;
  std::size_t max_batch_ = 1;
  std::unique_ptr<Daemon> daemon_;

  std::map<std::string, const ReturnPath*, std::less<>> return_paths_;  // by their path
  std::map<std::string, const Mail*, std::less<>> mails_;               // by their octets
  Model model_;
  std::deque<Pending> pending_;
  // What the model would be with the commit that was cut off.
  std::optional<Model> doubtful_;
  std::map<Model::EventKey, std::string> ids_;
  bool is_broken_ = false;
  bool has_struck_ = false;
  bool has_met_failure_ = false;
  int starts_ = 0;
  int doubts_ = 0;
};

}  // namespace bounced::simulation
