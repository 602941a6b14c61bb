#include "server/smtp/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/smtp/commitment.h"

namespace bounced::smtp {
namespace {

// How much of one client is read before others have their turn, in buffers of scratch.
constexpr int kReadsATurn = 4;

std::string SessionId(std::uint64_t number) { return absl::StrCat(absl::Hex(number)); }

}  // namespace

Session::Session(asio::ip::tcp::socket socket, asio::ip::address client, std::string& scratch,
                 Shared& shared)
    : shared_(shared),
      socket_(std::move(socket)),
      event_(socket_.get_executor()),
      scratch_(scratch),
      client_(std::move(client)),
      id_(SessionId(shared.next_session_id.fetch_add(1, std::memory_order_relaxed))),
      dialogue_(shared.hostname, shared.limits, shared.clock.Steady()),
      drain_end_(absl::InfiniteFuture()) {}

Session::~Session() {
  shared_.inflight.fetch_sub(accounted_, std::memory_order_relaxed);
  shared_.log.Info("smtp.session", {{"session", id_},
                                    {"end", end_},
                                    {"messages", messages_},
                                    {"transactions", dialogue_.transactions()},
                                    {"errors", dialogue_.errors()}});
}

asio::awaitable<void> Session::Run() {
  if (!ReadEarly()) co_return;
  for (;;) {
    const bool open = co_await Perform();
    if (!open) co_return;
    awaited_ = Awaited::kInput;
    std::error_code error;
    const std::size_t octets = co_await socket_.async_read_some(
        asio::buffer(input_), asio::redirect_error(asio::use_awaitable, error));
    awaited_ = Awaited::kNothing;
    if (std::exchange(late_, false)) {
      end_ = "timeout";
      dialogue_.TimedOut(Steady());
    }
    if (octets > 0) {
      Feed(std::string_view(input_.data(), octets));
      if (octets == input_.size()) ReadMore();
    } else if (error && error != asio::error::operation_aborted) {
      co_return;
    }
  }
}

// Does all that the dialogue wants. False: the session is over.
asio::awaitable<bool> Session::Perform() {
  bool hang_up = false;
  while (std::optional<Action> action = dialogue_.Next()) {
    if (auto* reply = std::get_if<Reply>(&*action)) {
      output_ += reply->text;
      if (output_.size() <= shared_.limits.max_reply_backlog) continue;
      const bool sent = co_await Flush();
      if (!sent) co_return false;
    } else if (auto* vouch = std::get_if<Vouch>(&*action)) {
      const absl::Time time = shared_.clock.Now();
      dialogue_.Vouched(shared_.receiver.Vouch(vouch->path, time), time);
    } else if (auto* admit = std::get_if<Admit>(&*action)) {
      dialogue_.Admitted(AdmitNow(admit->declared_octets));
    } else if (auto* discard = std::get_if<Discard>(&*action)) {
      Note(*discard);
    } else if (std::holds_alternative<HangUp>(*action)) {
      hang_up = true;
    } else {
      // What takes time: the answers to what came before go out first (RFC 2920, 3.2).
      const bool sent = co_await Flush();
      if (!sent) co_return false;
      if (auto* accept = std::get_if<Accept>(&*action)) {
        co_await Commit(*accept);
      } else {
        co_await Wait(std::get<Pause>(*action).duration);
      }
    }
  }
  AccountHeld();
  const Send sent = TrySend();
  if (sent == Send::kFailed) co_return false;
  if (sent == Send::kSome) {
    const bool flushed = co_await Flush();
    if (!flushed) co_return false;
  }
  if (!hang_up) co_return true;
  if (end_ == "closed") end_ = "hang_up";
  DropUnread();
  co_return false;
}

Session::Send Session::TrySend() {
  while (sent_ < output_.size()) {
    const ssize_t n = ::send(socket_.native_handle(), output_.data() + sent_,
                             output_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Send::kSome;
    } else if (errno != EINTR) {
      return Send::kFailed;
    }
  }
  output_.clear();
  sent_ = 0;
  return Send::kAll;
}

asio::awaitable<bool> Session::Flush() {
  // One clock for all of it: a client that takes an octet now and then is late all the same.
  wait_start_ = Steady();
  awaited_ = Awaited::kOutput;
  Send sent = TrySend();
  while (sent == Send::kSome && !late_) {
    std::error_code error;
    co_await socket_.async_wait(asio::ip::tcp::socket::wait_write,
                                asio::redirect_error(asio::use_awaitable, error));
    sent = TrySend();
  }
  awaited_ = Awaited::kNothing;
  if (sent == Send::kAll) {
    late_ = false;
    co_return true;
  }
  if (late_) end_ = "reply_timeout";
  co_return false;
}

asio::awaitable<void> Session::Wait(absl::Duration duration) {
  std::error_code error;
  event_.expires_after(absl::ToChronoNanoseconds(duration));
  co_await event_.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

// The one place that a 250 for a message can come from.
asio::awaitable<void> Session::Commit(Accept& accept) {
  const std::uint64_t octets = accept.message.size();
  Account(octets);
  wait_start_ = Steady();
  auto commitment = std::make_shared<Commitment>();
  shared_.receiver.Commit(
      std::move(accept.envelope), client_.to_string(), std::move(accept.message),
      [commitment](absl::StatusOr<std::string> id) { commitment->Set(std::move(id)); });
  std::optional<Commitment::Result> result =
      commitment->TakeOrWait(socket_.get_executor(), [this] { event_.cancel(); });
  if (!result) {
    awaited_ = Awaited::kCommit;
    event_.expires_at(asio::steady_timer::time_point::max());
    std::error_code error;
    co_await event_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    awaited_ = Awaited::kNothing;
    late_ = false;
    result = commitment->Abandon();
  }
  if (!result) result = absl::DeadlineExceededError("no answer within commit_timeout");
  if (result->ok()) {
    ++messages_;
    NoteMessage("stored", octets);
  } else {
    shared_.counters.Add(Counter::kMessagesDeferred);
    NoteMessage(
        result->status().code() == absl::StatusCode::kDeadlineExceeded ? "late" : "deferred",
        octets);
  }
  dialogue_.Accepted(*result, Steady());
}

// What the client said before the banner, if it did. False: it is gone already.
bool Session::ReadEarly() {
  const ssize_t n = ::recv(socket_.native_handle(), input_.data(), input_.size(), MSG_DONTWAIT);
  if (n > 0) Feed(std::string_view(input_.data(), static_cast<std::size_t>(n)));
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

// Much comes at once: takes it in larger pieces, while it is the only thing that the dialogue
// wants.
void Session::ReadMore() {
  for (int i = 0; i < kReadsATurn && dialogue_.in_data(); ++i) {
    const ssize_t n =
        ::recv(socket_.native_handle(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (n <= 0) return;  // whatever it is, the next read meets it too
    Feed(std::string_view(scratch_.data(), static_cast<std::size_t>(n)));
  }
}

void Session::Feed(std::string_view bytes) {
  dialogue_.Feed(bytes, Steady());
  AccountHeld();
}

// Our share of Shared::inflight becomes `held`. The sum of all shares.
std::uint64_t Session::Account(std::uint64_t held) {
  // Unsigned arithmetic: a difference below zero wraps, and so does its sum.
  const std::uint64_t more = held - std::exchange(accounted_, held);
  return shared_.inflight.fetch_add(more, std::memory_order_relaxed) + more;
}

// Weighs what the dialogue holds, and gives it up when it is too much.
void Session::AccountHeld() {
  const std::uint64_t held = dialogue_.held_octets();
  if (held == accounted_) return;
  const bool grew = held > accounted_;
  if (Account(held) <= shared_.limits.inflight_bytes || !grew) return;
  dialogue_.Shed();
  Account(dialogue_.held_octets());
}

absl::Status Session::AdmitNow(std::uint64_t declared_octets) const {
  const std::uint64_t inflight = shared_.inflight.load(std::memory_order_relaxed);
  // A message has an octet at least, whatever was declared.
  const std::uint64_t wanted = std::max<std::uint64_t>(declared_octets, 1);
  const std::uint64_t limit = shared_.limits.inflight_bytes;
  if (inflight >= limit || wanted > limit - inflight) {
    return absl::ResourceExhaustedError("inflight_bytes are reached");
  }
  return shared_.receiver.Admit();
}

void Session::Note(const Discard& discard) {
  switch (discard.reason) {
    case DiscardReason::kFraming:
      shared_.counters.Add(Counter::kMessagesFraming);
      return NoteMessage("bad_framing", discard.octets);
    case DiscardReason::kTooLarge:
      shared_.counters.Add(Counter::kMessagesTooLarge);
      return NoteMessage("too_large", discard.octets);
    case DiscardReason::kShed:
      shared_.counters.Add(Counter::kMessagesDeferred);
      return NoteMessage("shed", discard.octets);
  }
}

void Session::NoteMessage(std::string_view result, std::uint64_t octets) {
  shared_.log.Info("smtp.message", {{"session", id_}, {"result", result}, {"octets", octets}});
}

// A socket that is closed with octets unread is reset, which may overtake the last reply.
void Session::DropUnread() {
  for (int i = 0; i < kReadsATurn; ++i) {
    const ssize_t n =
        ::recv(socket_.native_handle(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    if (n <= 0) return;
  }
}

absl::Time Session::Deadline() const {
  switch (awaited_) {
    case Awaited::kNothing:
      break;
    case Awaited::kInput:
      return dialogue_.Deadline();
    case Awaited::kOutput:
      return std::min(wait_start_ + dialogue_.Patience(shared_.limits.reply_timeout), drain_end_);
    case Awaited::kCommit:
      return wait_start_ + shared_.limits.commit_timeout;
  }
  return absl::InfiniteFuture();
}

void Session::Sweep(absl::Time now, bool overloaded) {
  // Who is late stays so, whatever changes until it is told.
  if (late_) return;
  dialogue_.SetOverloaded(overloaded);
  if (now < Deadline()) return;
  late_ = true;
  std::error_code ignored;
  socket_.cancel(ignored);
  event_.cancel();
}

void Session::ShutDown() {
  const absl::Time now = Steady();
  dialogue_.ShutDown(now);
  drain_end_ = now + shared_.limits.drain;
  std::error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace bounced::smtp
