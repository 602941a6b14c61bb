#include "tests/simulation/simulation.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "sqlite3.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/mta.h"
#include "tests/simulation/random.h"
#include "tests/simulation/session.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/violation.h"
#include "tests/simulation/watcher.h"

namespace bounced::simulation {
namespace {

constexpr int kHosts = 3;
// Of a packet, mostly: more than a message has.
constexpr std::size_t kMaxPacketOctets = 2'000;
// Rounds of everybody's best efforts, after which all mail must have been taken.
constexpr int kMaxRounds = 1'000;

const absl::Time kBegin = StartOf(20'513);  // 2026-03-01

class Simulation {
 public:
  Simulation(const World& world, const Settings& settings)
      : world_(world),
        settings_(settings),
        random_(settings.seed),
        clock_(kBegin + absl::Minutes(random_.Between(0, 24 * 60))),
        machine_(world, clock_, random_, trace_) {
    for (int i = 0; i < kHosts; ++i) hosts_.push_back(std::make_unique<Host>(*this));
    for (const std::string& tenant : World::tenants()) watchers_.emplace_back(tenant);
  }

  Outcome Run() {
    Outcome outcome;
    try {
      Begin();
      for (int i = 0; i < settings_.events; ++i) OneEvent();
      End();
    } catch (const Violation& violation) {
      outcome.violation = violation.what();
      trace_.Add(absl::StrCat("VIOLATION: ", outcome.violation));
      outcome.last = trace_.Last();
    }
    outcome.trace = trace_.hash();
    outcome.struck = machine_.has_struck();
    outcome.acknowledged = acknowledged_;
    outcome.deferred = deferred_;
    outcome.starts = machine_.starts();
    outcome.doubts = machine_.doubts();
    return outcome;
  }

 private:
  // One that sends, with its connection and what is on its way on it.
  struct Host {
    explicit Host(Simulation& simulation)
        : mta(simulation.random_,
              [&simulation](const Mta::Result& result) { simulation.Note(result); }) {}
    Mta mta;
    std::shared_ptr<Session> session = nullptr;
    std::string to_daemon = {};
    std::string to_host = {};
  };
  struct Event {
    int weight;
    void (Simulation::*happens)();
  };

  void Begin();
  void OneEvent();
  void End();

  void Note(const Mta::Result& result);
  const ReturnPath* IssueReturnPath(bool unsubscribes);

  // --- What happens

  void NewMail();
  void Connect(Host& host);
  void ConnectOne() { Connect(AnyHost()); }
  void Move(Host& host, bool to_daemon, std::size_t octets);
  void Packet();
  void LoseConnection();
  void Step();
  void StepWithPowerCut();
  void Check();
  void AddByHand();
  void TakeOff();
  void UndoOne();
  void DropOld();
  void WatchOn();
  void TimePasses(absl::Duration duration);
  void MomentPasses() { TimePasses(absl::Milliseconds(random_.Between(1, 20'000))); }
  void DaysPass() { TimePasses(absl::Minutes(random_.Between(60, 12 * 24 * 60))); }
  void ClockJumps();
  void DiskBreaks();
  void Crash();
  void Restart();
  void TakeCopy();
  void WriteBack();

  void Settle();
  void HangUp(Host& host);
  void HangUpAll(bool last_words_arrive);
  bool SendAll();

  Host& AnyHost() { return *random_.Of(hosts_); }
  const std::string& AnyTenant() { return random_.Of(World::tenants()); }
  const std::string& AnyStream() { return random_.Of(AllStreams()); }
  const Address& AnyAddress() { return random_.Of(addresses_); }

  const World& world_;
  const Settings settings_;
  Random random_;
  SimulatedClock clock_;
  Trace trace_;
  const std::vector<Address> addresses_ = AllAddresses();
  std::deque<ReturnPath> return_paths_;
  std::deque<ReturnPath> unsubscribe_paths_;
  std::deque<Mail> mails_;
  Machine machine_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<Watcher> watchers_;
  int acknowledged_ = 0;
  int deferred_ = 0;
};

void Simulation::Begin() {
  // What SQLite takes for chance.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 1, nullptr);
  sqlite3_randomness(0, nullptr);
  if (settings_.fault) machine_.Break(*settings_.fault);
  machine_.Start();
  for (int i = 0; i < 3; ++i) NewMail();
}

void Simulation::OneEvent() {
  static constexpr std::array kEvents = {
      Event{300, &Simulation::Packet},        Event{70, &Simulation::ConnectOne},
      Event{60, &Simulation::NewMail},        Event{150, &Simulation::Step},
      Event{80, &Simulation::Check},          Event{25, &Simulation::AddByHand},
      Event{25, &Simulation::TakeOff},        Event{20, &Simulation::UndoOne},
      Event{15, &Simulation::DropOld},        Event{50, &Simulation::WatchOn},
      Event{50, &Simulation::MomentPasses},   Event{20, &Simulation::DaysPass},
      Event{25, &Simulation::LoseConnection},
  };
  static constexpr std::array kDisasters = {
      Event{5, &Simulation::Crash},      Event{5, &Simulation::StepWithPowerCut},
      Event{2, &Simulation::Restart},    Event{15, &Simulation::ClockJumps},
      Event{6, &Simulation::DiskBreaks},
  };
  // The disk comes back after a while, and somebody starts the daemon again.
  if (machine_.is_broken() && machine_.has_struck() && random_.Chance(10)) machine_.Heal();
  if (machine_.is_up() && machine_.has_failed()) {
    HangUpAll(random_.Chance(50));
    machine_.Exit();
  }
  if (!machine_.is_up()) {
    if (random_.Chance(30)) MomentPasses();
    machine_.Start();
    if (!machine_.is_up() && random_.Chance(50)) machine_.Heal();
    return;
  }
  std::size_t at = random_.Below(1'000);
  const auto happens = [&](int weight) {
    const auto size = static_cast<std::size_t>(weight);
    if (at < size) return true;
    at -= size;
    return false;
  };
  if (happens(settings_.checkpoints)) return WriteBack();
  if (happens(settings_.backups)) return TakeCopy();
  if (settings_.has_disasters) {
    for (const Event& event : kDisasters) {
      if (happens(event.weight)) return (this->*event.happens)();
    }
  }
  for (const Event& event : kEvents) {
    if (happens(event.weight)) return (this->*event.happens)();
  }
  Packet();
}

// Everybody does his best: then all mail is taken, and all that was promised holds.
void Simulation::End() {
  machine_.Heal();
  if (machine_.is_up() && (machine_.has_failed() || machine_.is_excused())) {
    HangUpAll(/*last_words_arrive=*/false);
    machine_.Exit();
  }
  if (!machine_.is_up()) machine_.Start();
  int rounds = 0;
  while (SendAll()) Require(++rounds < kMaxRounds, "mail is never taken");
  machine_.CheckAll();
  for (Watcher& watcher : watchers_) {
    const absl::Status status =
        watcher.CatchUp(machine_.daemon().store(), machine_.model(), random_, trace_);
    Require(status.ok(), status.ToString());
  }
  HangUpAll(/*last_words_arrive=*/false);
  if (random_.Chance(30)) machine_.Stop();
  if (machine_.is_up()) machine_.Crash(Ending::kPowerCut);
  machine_.Start();
}

// False: there was nothing left to do.
bool Simulation::SendAll() {
  bool more = false;
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (host->session == nullptr && host->mta.has_mail()) Connect(*host);
    if (host->session == nullptr) continue;
    more = true;
    Move(*host, /*to_daemon=*/true, kMaxPacketOctets);
    Move(*host, /*to_daemon=*/false, kMaxPacketOctets);
  }
  if (machine_.has_requests()) {
    more = true;
    machine_.Step();
  }
  return more;
}

// --- Mail

void Simulation::Note(const Mta::Result& result) {
  trace_.Add(absl::StrCat("mail ", result.mail->number, ": ",
                          result.taken ? "taken " : "not taken ", result.ids, ", refused for ",
                          result.refused.size()));
  if (!result.taken) {
    ++deferred_;
    return;
  }
  ++acknowledged_;
  machine_.CheckAcknowledged(*result.mail, result.accepted, result.ids);
  for (const ReturnPath* return_path : result.accepted) {
    if (!machine_.is_up()) break;
    machine_.CheckVerdict(return_path->tenant, return_path->stream, return_path->address);
  }
}

const ReturnPath* Simulation::IssueReturnPath(bool unsubscribes) {
  std::deque<ReturnPath>& issued = unsubscribes ? unsubscribe_paths_ : return_paths_;
  // Of one mail there may come several.
  if (!issued.empty() && random_.Chance(40)) return &random_.Of(issued);
  const std::string& tenant = AnyTenant();
  const Address& address = AnyAddress();
  const absl::Time time = clock_.Now() - absl::Hours(random_.Between(0, 72));
  MintRequest request;
  request.domain = World::DomainOf(tenant);
  request.stream = random_.Chance(50) ? "news" : "receipts";
  request.reference = absl::StrCat(issued.size());
  request.form = ReturnPathForm::kOpen;
  request.use = unsubscribes ? Use::kUnsubscribe : Use::kReturnPath;
  const absl::StatusOr<std::string> path = world_.paths().Get()->Mint(request, address, time);
  Require(path.ok(), path.status().ToString());
  issued.push_back({.tenant = tenant,
                    .stream = request.stream,
                    .path = *path,
                    .address = address,
                    .day = DayOf(time)});
  machine_.Add(&issued.back());
  return &issued.back();
}

void Simulation::NewMail() {
  const int number = static_cast<int>(mails_.size());
  const MailKind kind = random_.Of(kMailKinds);
  const bool unsubscribes = kind == MailKind::kUnsubscribe;
  Mail& mail = mails_.emplace_back(Mail{.number = number, .kind = kind});
  mail.return_paths.push_back(IssueReturnPath(unsubscribes));
  const Address& address = mail.return_paths.front()->address;
  if (random_.Chance(20)) {
    const ReturnPath* second = IssueReturnPath(unsubscribes);
    if (second != mail.return_paths.front() && second->address == address) {
      mail.return_paths.push_back(second);
    }
  }
  mail.octets = Compose(kind, address, number);
  machine_.Add(&mail);
  Host& host = AnyHost();
  host.mta.Enqueue(&mail);
  // Somebody else has it, too.
  if (random_.Chance(15)) AnyHost().mta.Enqueue(&mail);
  trace_.Add(absl::StrCat("new mail ", number, " ", Absl(ToString(kind)), " to ",
                          mail.return_paths.front()->path));
}

// --- The network

void Simulation::Connect(Host& host) {
  if (host.session != nullptr || !host.mta.has_mail()) return;
  trace_.Add("connect");
  host.session = std::make_shared<Session>(world_.profile(), machine_, clock_);
  host.mta.Connect();
  host.session->Begin();
}

// Up to so many octets of what is on its way arrive.
void Simulation::Move(Host& host, bool to_daemon, std::size_t octets) {
  if (host.session == nullptr) return;
  host.to_daemon += host.mta.TakeCommands();
  host.to_host += host.session->TakeReplies();
  std::string& way = to_daemon ? host.to_daemon : host.to_host;
  if (!to_daemon || !host.session->waits()) {
    const std::string packet = way.substr(0, octets);
    way.erase(0, packet.size());
    if (packet.empty()) {
    } else if (to_daemon) {
      host.session->Feed(packet);
    } else {
      host.mta.Feed(packet);
    }
  }
  host.to_host += host.session->TakeReplies();
  const bool is_closed = host.session->is_over() && host.to_host.empty();
  if (host.mta.is_done() || is_closed) HangUp(host);
}

void Simulation::Packet() {
  Host& host = AnyHost();
  const std::size_t octets = random_.Chance(30) ? 1 + random_.Below(20) : kMaxPacketOctets;
  Move(host, random_.Chance(50), octets);
}

void Simulation::HangUp(Host& host) {
  host.session = nullptr;
  host.to_daemon.clear();
  host.to_host.clear();
  host.mta.Disconnected();
}

void Simulation::LoseConnection() {
  Host& host = AnyHost();
  if (host.session == nullptr) return;
  trace_.Add("connection lost");
  HangUp(host);
}

// What the daemon said last may be on its way still.
void Simulation::HangUpAll(bool last_words_arrive) {
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (host->session == nullptr) continue;
    const std::string words = host->to_host + host->session->TakeReplies();
    host->session = nullptr;
    if (last_words_arrive) host->mta.Feed(words);
    HangUp(*host);
  }
}

// --- The daemon and who asks it

void Simulation::Step() {
  if (machine_.has_requests()) machine_.Step();
}

void Simulation::StepWithPowerCut() {
  if (!machine_.has_requests()) return;
  using Call = FaultyVfs::Call;
  static constexpr std::array kCalls = {Call::kWrite, Call::kSync, Call::kRead};
  machine_.CutPowerAt(random_.Of(kCalls), random_.Between(1, 3));
  machine_.Step();
  Crash();
}

void Simulation::Check() { machine_.CheckVerdict(AnyTenant(), AnyStream(), AnyAddress()); }

void Simulation::AddByHand() {
  const absl::Time now = clock_.Now();
  const absl::Time until = random_.Chance(30)
                               ? absl::InfiniteFuture()
                               : now + absl::Milliseconds(random_.Between(1, 2'000'000'000));
  machine_.Submit(
      Put{.suppression = {.tenant = AnyTenant(),
                          .stream = AnyStream(),
                          .address = AnyAddress(),
                          .source = random_.Chance(70) ? Source::kManual : Source::kImport,
                          .reason = "manual",
                          .create_time = now,
                          .expire_time = until,
                          .explanation = absl::StrCat("No ", random_.Below(1'000'000))},
          .replace = random_.Chance(50)});
}

void Simulation::TakeOff() {
  const std::string& tenant = AnyTenant();
  const Address& address = AnyAddress();
  const Standing& standing = machine_.model().StandingOf(KeyOf(tenant, address));
  StandsKey key("", Source::kBounce);
  if (!standing.empty()) {
    key = std::next(standing.begin(), static_cast<std::ptrdiff_t>(random_.Below(standing.size())))
              ->first;
  }
  machine_.Submit(
      Remove{.tenant = tenant, .stream = key.first, .address = address, .source = key.second});
}

void Simulation::UndoOne() {
  // With others before it what it does would be another question.
  const Model& model = machine_.model();
  if (model.newest() == 0 || machine_.has_requests()) return;
  const auto number =
      static_cast<std::int64_t>(1 + random_.Below(static_cast<std::size_t>(model.newest())));
  if (!model.IsNewest(number) && !model.entry(number).is_dropped) return;
  machine_.Submit(Undo{.tenant = model.entry(number).address.first, .number = number});
}

void Simulation::DropOld() {
  const absl::Time before = clock_.Now() - absl::Hours(random_.Between(0, 24 * 20));
  const absl::StatusOr<Page<std::int64_t>> old =
      machine_.daemon().store().ListOld(Aged::kChanges, before, 500, 0);
  if (!machine_.Answers(old.status(), "ListOld")) return;
  Require(old->rows == machine_.model().Old(before), "other changes are old than should be");
  if (!old->rows.empty()) machine_.Submit(Drop{.numbers = old->rows});
}

void Simulation::WatchOn() {
  const absl::Status status =
      random_.Of(watchers_).Read(machine_.daemon().store(), machine_.model(), random_, trace_);
  machine_.Answers(status, "a watcher's read");
}

// --- Time

void Simulation::TimePasses(absl::Duration duration) {
  trace_.Add(absl::StrCat("time passes: ", absl::FormatDuration(duration)));
  clock_.Advance(duration);
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (host->session != nullptr) host->session->Tick();
  }
}

void Simulation::ClockJumps() {
  const absl::Duration by = absl::Minutes(random_.Between(-24 * 60, 24 * 60));
  trace_.Add(absl::StrCat("clock jumps: ", absl::FormatDuration(by)));
  clock_.Jump(by);
}

// --- Disasters

void Simulation::DiskBreaks() {
  using Call = FaultyVfs::Call;
  static constexpr std::array kFaults = {
      DiskFault{.call = Call::kWrite, .code = SQLITE_IOERR_WRITE},
      DiskFault{.call = Call::kWrite, .code = SQLITE_FULL},
      DiskFault{.call = Call::kSync, .code = SQLITE_IOERR_FSYNC},
      DiskFault{.call = Call::kRead, .code = SQLITE_IOERR_READ},
      DiskFault{.call = Call::kOpen, .code = SQLITE_CANTOPEN},
  };
  if (machine_.is_broken()) return;
  DiskFault fault = random_.Of(kFaults);
  fault.at = random_.Between(1, 6);
  fault.lasts = random_.Chance(50);
  fault.halfway = fault.call == Call::kWrite && random_.Chance(50);
  machine_.Break(fault);
}

void Simulation::Crash() {
  HangUpAll(random_.Chance(50));
  static constexpr std::array kEndings = {Ending::kPowerCut, Ending::kPowerCutInPart,
                                          Ending::kKilled};
  machine_.Crash(random_.Of(kEndings));
}

void Simulation::Restart() {
  HangUpAll(/*last_words_arrive=*/true);
  machine_.Stop();
}

void Simulation::WriteBack() {
  machine_.CheckPoint();
  // The daemon's own would end it.
  if (!machine_.is_excused()) return;
  HangUpAll(/*last_words_arrive=*/true);
  machine_.Exit();
}

void Simulation::TakeCopy() { machine_.BackUp(); }

}  // namespace

Outcome Simulate(const World& world, const Settings& settings) {
  return Simulation(world, settings).Run();
}

}  // namespace bounced::simulation
