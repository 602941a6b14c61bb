#include "server/dns/resolver.h"

#include <ares.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/base/host_port.h"
#include "server/dns/answer_cache.h"

namespace bounced::dns {
namespace {

using asio::posix::stream_descriptor;

// How late a deadline, or the end of a try, may be noticed.
constexpr std::chrono::milliseconds kTick(20);
// Of answers over UDP: what no network breaks into pieces (DNS Flag Day 2020).
constexpr int kUdpOctets = 1232;
constexpr int kInternet = 1;

absl::Status CheckOptions(const ResolverOptions& options) {
  for (const std::string& server : options.servers) {
    if (!IsAddressAndPort(server)) {
      return absl::InvalidArgumentError(
          absl::StrCat("no address and port of a DNS server: \"", server, "\""));
    }
  }
  if (options.timeout < absl::Milliseconds(1) || options.timeout > absl::Hours(1)) {
    return absl::InvalidArgumentError("the timeout of DNS is not from 1 ms to 1 h");
  }
  if (options.tries < 1) return absl::InvalidArgumentError("DNS needs a try at least");
  if (options.max_outstanding < 1) return absl::InvalidArgumentError("DNS needs a question");
  if (options.min_time_to_live < absl::ZeroDuration() ||
      options.min_time_to_live > options.max_time_to_live ||
      options.min_time_to_live > options.max_negative_time_to_live) {
    return absl::InvalidArgumentError("the least time to live of DNS is above the most");
  }
  return absl::OkStatus();
}

// Everything but Resolve() and the destructor belongs to the thread.
class NetworkResolver final : public Resolver {
 public:
  NetworkResolver(const ResolverOptions& options, const Clock& clock)
      : options_(options),
        clock_(clock),
        io_(1),
        work_(asio::make_work_guard(io_)),
        ticker_(io_),
        cache_(options.cache_entries) {}
  ~NetworkResolver() override;

  // Before all. May throw std::system_error.
  absl::Status Start();
  void Resolve(std::vector<Question> questions, absl::Time deadline, Done done) override;

 private:
  // Of one Resolve().
  struct Batch {
    std::vector<Answer> answers;
    std::size_t waiting = 0;  // answers that are still to come
    absl::Time deadline;
    Done done;
    std::list<Batch>::iterator self;
  };
  // A question under way, and whose it is.
  struct Query {
    struct Place {
      Batch* batch;
      std::size_t index;
    };
    NetworkResolver* resolver;
    Question question;
    std::vector<Place> waiting = {};
  };
  // One of c-ares's. It outlives what waits for it.
  struct Socket {
    explicit Socket(asio::io_context& io) : descriptor(io) {}
    stream_descriptor descriptor;
    bool is_open = true;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_read = false;
    bool waits_write = false;
  };

  // Nobody need wait for a query any more that c-ares still tries.
  bool HasRoom() const {
    return outstanding_ < options_.max_outstanding && queries_.size() < options_.max_outstanding;
  }
  void ResolveHere(const std::vector<Question>& questions, absl::Time deadline, Done done);
  void Ask(const Question& question, Batch& batch, std::size_t index);
  void Answered(Query& query, const Answer& answer, absl::Duration time_to_live);
  void Finish(Batch& batch);
  void StartTicker();
  void Tick();
  void Watch(ares_socket_t fd, bool read, bool write);
  void Wait(const std::shared_ptr<Socket>& socket);
  void StopHere();

  static void OnSocket(void* resolver, ares_socket_t fd, int read, int write);
  static void OnAnswer(void* query, int status, int timeouts, unsigned char* message, int octets);

  const ResolverOptions options_;
  const Clock& clock_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer ticker_;
  ares_channel channel_ = nullptr;
  AnswerCache cache_;
  std::map<Question, std::unique_ptr<Query>> queries_;
  std::list<Batch> batches_;
  std::size_t outstanding_ = 0;  // places in queries_
  std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
  bool is_ticking_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

absl::Status NetworkResolver::Start() {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) return absl::UnavailableError(ares_strerror(library));
  ares_options options = {};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = kUdpOctets;
  options.timeout = static_cast<int>(absl::ToInt64Milliseconds(options_.timeout));
  options.tries = options_.tries;
  options.sock_state_cb = &OnSocket;
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                   ARES_OPT_SOCK_STATE_CB;
  if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS) {
    return absl::UnavailableError(absl::StrCat("DNS: ", ares_strerror(status)));
  }
  if (!options_.servers.empty()) {
    const std::string servers = absl::StrJoin(options_.servers, ",");
    if (const int status = ares_set_servers_ports_csv(channel_, servers.c_str());
        status != ARES_SUCCESS) {
      return absl::UnavailableError(absl::StrCat("DNS: ", ares_strerror(status)));
    }
  }
  thread_ = std::thread([this] {
    // Others see to signals, and SIGPIPE of a server that hung up is nobody's business.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    io_.run();
  });
  return absl::OkStatus();
}

NetworkResolver::~NetworkResolver() {
  if (thread_.joinable()) {
    asio::post(io_, [this] { StopHere(); });
    thread_.join();
  }
  // Only of one that did not start.
  if (channel_ != nullptr) ares_destroy(channel_);
}

void NetworkResolver::StopHere() {
  is_stopping_ = true;
  // Answers all that is under way; a `done` that asks again is refused.
  ares_cancel(channel_);
  // Closes the sockets.
  ares_destroy(std::exchange(channel_, nullptr));
  ticker_.cancel();
  work_.reset();
}

void NetworkResolver::Resolve(std::vector<Question> questions, absl::Time deadline, Done done) {
  asio::post(io_, [this, deadline, asked = std::move(questions), todo = std::move(done)]() mutable {
    ResolveHere(asked, deadline, std::move(todo));
  });
}

void NetworkResolver::ResolveHere(const std::vector<Question>& questions, absl::Time deadline,
                                  Done done) {
  const std::list<Batch>::iterator batch = batches_.emplace(batches_.end());
  batch->self = batch;
  batch->answers.resize(questions.size());
  batch->deadline = deadline;
  batch->done = std::move(done);
  const absl::Time now = clock_.Steady();
  // One more than there are, so that it does not finish before all are asked.
  batch->waiting = 1;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (const Answer* known = cache_.Find(questions[i], now)) {
      batch->answers[i] = *known;
    } else if (questions[i].name.find('\0') != std::string::npos) {
      batch->answers[i].outcome = Outcome::kNoSuchName;  // c-ares would ask for what stands before
    } else if (!is_stopping_ && now < deadline && HasRoom()) {
      Ask(questions[i], *batch, i);
    }
  }
  if (--batch->waiting == 0) {
    Finish(*batch);
  } else {
    StartTicker();
  }
}

void NetworkResolver::Ask(const Question& question, Batch& batch, std::size_t index) {
  ++batch.waiting;
  ++outstanding_;
  std::unique_ptr<Query>& query = queries_[question];
  if (query != nullptr) {
    query->waiting.push_back({&batch, index});
    return;
  }
  query = std::make_unique<Query>(Query{.resolver = this, .question = question});
  query->waiting.push_back({&batch, index});
  const std::string name = absl::StrReplaceAll(question.name, {{"\\", "\\\\"}});
  // Asks DNS alone, for this very name: no hosts file, no search domains. May answer before it
  // returns, and with that end the query.
  ares_query(channel_, name.c_str(), kInternet, static_cast<int>(question.type), &OnAnswer,
             query.get());
}

void NetworkResolver::OnAnswer(void* argument, int status, int, unsigned char* message,
                               int octets) {
  Query& query = *static_cast<Query*>(argument);
  NetworkResolver& resolver = *query.resolver;
  const ResolverOptions& options = resolver.options_;
  TimedAnswer read;
  if (message != nullptr && octets > 0) {
    read = ReadMessage({reinterpret_cast<const char*>(message), static_cast<std::size_t>(octets)},
                       query.question.type, options.answer);
  } else if (status == ARES_EBADNAME) {
    read.answer.outcome = Outcome::kNoSuchName;
  }
  switch (read.answer.outcome) {
    case Outcome::kFound:
      read.time_to_live =
          std::clamp(read.time_to_live, options.min_time_to_live, options.max_time_to_live);
      break;
    case Outcome::kNoData:
    case Outcome::kNoSuchName:
      read.time_to_live = std::clamp(read.time_to_live, options.min_time_to_live,
                                     options.max_negative_time_to_live);
      break;
    case Outcome::kFailed:
      read.time_to_live = options.failure_time;
      break;
  }
  resolver.Answered(query, read.answer, read.time_to_live);
}

void NetworkResolver::Answered(Query& query, const Answer& answer, absl::Duration time_to_live) {
  const auto node = queries_.extract(query.question);
  // First, so that the time counts from before anybody knows.
  cache_.Insert(query.question, answer, clock_.Steady() + time_to_live);
  for (const Query::Place& place : query.waiting) {
    place.batch->answers[place.index] = answer;
    --outstanding_;
    if (--place.batch->waiting == 0) Finish(*place.batch);
  }
}

// Nothing points to the batch any more.
void NetworkResolver::Finish(Batch& batch) {
  Done done = std::move(batch.done);
  std::vector<Answer> answers = std::move(batch.answers);
  batches_.erase(batch.self);
  done(std::move(answers));
}

void NetworkResolver::StartTicker() {
  if (std::exchange(is_ticking_, true)) return;
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const std::error_code&) { Tick(); });
}

void NetworkResolver::Tick() {
  is_ticking_ = false;
  if (is_stopping_) return;
  // Tries that are over.
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  const absl::Time now = clock_.Steady();
  std::list<Batch> late;
  for (auto batch = batches_.begin(); batch != batches_.end();) {
    const auto next = std::next(batch);
    if (now >= batch->deadline) late.splice(late.end(), batches_, batch);
    batch = next;
  }
  if (!late.empty()) {
    for (auto& [question, query] : queries_) {
      const std::size_t before = query->waiting.size();
      std::erase_if(query->waiting,
                    [now](const Query::Place& place) { return now >= place.batch->deadline; });
      outstanding_ -= before - query->waiting.size();
    }
    while (!late.empty()) {
      Batch batch = std::move(late.front());
      late.pop_front();
      batch.done(std::move(batch.answers));
    }
  }
  if (!queries_.empty() || !batches_.empty()) StartTicker();
}

void NetworkResolver::OnSocket(void* resolver, ares_socket_t fd, int read, int write) {
  static_cast<NetworkResolver*>(resolver)->Watch(fd, read != 0, write != 0);
}

// c-ares owns the socket, and closes it once it wants neither.
void NetworkResolver::Watch(ares_socket_t fd, bool read, bool write) {
  std::shared_ptr<Socket>& socket = sockets_[fd];
  if (socket == nullptr) {
    socket = std::make_shared<Socket>(io_);
    std::error_code error;
    // One that cannot be watched is noticed by no answer in time.
    socket->descriptor.assign(fd, error);
    if (error) socket->is_open = false;
  }
  socket->wants_read = read;
  socket->wants_write = write;
  if (read || write) {
    Wait(socket);
    return;
  }
  if (std::exchange(socket->is_open, false)) socket->descriptor.release();
  sockets_.erase(fd);
}

void NetworkResolver::Wait(const std::shared_ptr<Socket>& socket) {
  if (!socket->is_open) return;
  if (socket->wants_read && !std::exchange(socket->waits_read, true)) {
    socket->descriptor.async_wait(
        stream_descriptor::wait_read, [this, socket](const std::error_code&) {
          socket->waits_read = false;
          if (!socket->is_open) return;
          ares_process_fd(channel_, socket->descriptor.native_handle(), ARES_SOCKET_BAD);
          Wait(socket);
        });
  }
  if (socket->wants_write && !std::exchange(socket->waits_write, true)) {
    socket->descriptor.async_wait(
        stream_descriptor::wait_write, [this, socket](const std::error_code&) {
          socket->waits_write = false;
          if (!socket->is_open) return;
          ares_process_fd(channel_, ARES_SOCKET_BAD, socket->descriptor.native_handle());
          Wait(socket);
        });
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Resolver>> StartResolver(const ResolverOptions& options,
                                                        const Clock& clock) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  try {
    auto resolver = std::make_unique<NetworkResolver>(options, clock);
    if (absl::Status status = resolver->Start(); !status.ok()) return status;
    return resolver;
  } catch (const std::system_error& error) {
    return absl::UnavailableError(absl::StrCat("DNS: ", error.what()));
  }
}

}  // namespace bounced::dns
