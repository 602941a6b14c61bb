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
#include "server/smtp/proxy_header.h"

namespace bounced::smtp {
namespace {

// How much of one client is read before others have their turn, in buffers of scratch.
constexpr int kReadsATurn = 4;

std::string SessionId(std::uint64_t number) { return absl::StrCat(absl::Hex(number)); }

}  // namespace

Session::Session(Socket socket, const Profile& profile, std::optional<IpAddress> client,
                 std::string& scratch, Shared& shared)
    : shared_(shared),
      profile_(profile),
      stream_(std::move(socket)),
      event_(stream_.socket().get_executor()),
      scratch_(scratch),
      client_(client),
      id_(SessionId(shared.next_session_id.fetch_add(1, std::memory_order_relaxed))),
      dialogue_(profile, shared.clock.Steady(), id_),
      drain_end_(absl::InfiniteFuture()) {}

Session::~Session() {
  shared_.inflight.fetch_sub(accounted_, std::memory_order_relaxed);
  if (entered_) shared_.clients.Leave(*client_);
  shared_.log.Info("smtp.session", {{"session", id_},
                                    {"client", client_ ? client_->ToString() : "local"},
                                    {"end", end_},
                                    {"tls", stream_.tls_version()},
                                    {"tls_failure", stream_.tls_failure()},
                                    {"user", dialogue_.user()},
                                    {"messages", messages_},
                                    {"transactions", dialogue_.transactions()},
                                    {"errors", dialogue_.errors()},
                                    {"failed_logins", dialogue_.failed_logins()},
                                    {"refused", refused_},
                                    {"reason", refusal_}});
}

asio::awaitable<void> Session::Run() {
  bool open = co_await Greet();
  while (open) {
    open = co_await Perform();
    if (!open) co_return;
    const std::size_t octets = co_await Read();
    if (std::exchange(late_, false)) dialogue_.TimedOut(Steady());
    if (octets > 0) {
      Feed(std::string_view(input_.data(), octets));
      if (octets == input_.size()) ReadMore();
    }
    open = !gone_;
  }
}

// What comes before the banner: a handshake, and what the client said too early. False: the session
// is over.
asio::awaitable<bool> Session::Greet() {
  const bool silent = profile_.proxy || profile_.tls == TlsUse::kImplicit;
  if (silent && stopping()) {
    end_ = "stopping";
    co_return false;
  }
  if (profile_.proxy && client_ && Contains(shared_.trusted_proxies, *client_)) {
    const bool read = co_await ReadProxy();
    if (!read) co_return false;
  }
  if (!MayEnter()) co_return profile_.tls != TlsUse::kImplicit;  // there, nothing can be said
  if (profile_.tls == TlsUse::kImplicit) {
    const std::shared_ptr<const Tls> tls = shared_.tls.Get();
    const std::string_view limit = HandshakeLimit();
    if (!limit.empty()) end_ = limit;
    if (tls == nullptr || !limit.empty() || !stream_.BeginTls(tls)) co_return false;
    const bool begun = co_await BeginTls();
    if (!begun) co_return false;
  }
  const absl::Duration delay = shared_.limits.banner_delay;
  if (delay > absl::ZeroDuration() && !(client_ && shared_.clients.IsExempt(*client_))) {
    co_await Wait(delay);
  }
  const Stream::Progress early = stream_.Read(input_);
  if (early.octets > 0) Feed(std::string_view(input_.data(), early.octets));
  co_return early.await != Stream::Await::kEnd;
}

// Whether this client may have one more session. False: it is told so in place of a banner.
bool Session::MayEnter() {
  if (!client_) return true;
  switch (shared_.clients.Enter(*client_, Steady())) {
    case Clients::Answer::kWelcome:
      entered_ = true;
      break;
    case Clients::Answer::kTooManySessions:
      shared_.counters.Add(Counter::kSessionsTooMany);
      end_ = "max_sessions_per_client";
      dialogue_.Refuse("421 4.7.0 Too many sessions of your network; close some first");
      return false;
    case Clients::Answer::kTooOften:
      shared_.counters.Add(Counter::kSessionsTooOften);
      end_ = "max_connects_per_client";
      dialogue_.Refuse("421 4.7.0 Too many connections in a short time; try again in a minute");
      return false;
  }
  // Counted as others are: one who is denied waits, too, and must not take the place of all.
  if (Contains(shared_.denied_clients, *client_)) {
    shared_.counters.Add(Counter::kSessionsDenied);
    end_ = "denied";
    dialogue_.Deny();
  }
  return true;
}

// Counts a handshake that is wanted now. The limit that forbids it; empty: none does.
std::string_view Session::HandshakeLimit() {
  std::string_view limit;
  if (client_ && shared_.clients.Handshake(*client_, Steady())) {
    limit = "max_handshakes_per_client";
  } else if (shared_.handshakes.load(std::memory_order_relaxed) >= shared_.limits.max_handshakes) {
    limit = "max_handshakes";
  }
  if (!limit.empty()) shared_.counters.Add(Counter::kTlsRefused);
  return limit;
}

// Whose connection it is, as the proxy says. False: it does not, and the session is over.
asio::awaitable<bool> Session::ReadProxy() {
  wait_start_ = Steady();
  awaited_ = Awaited::kProxyHeader;
  std::string begin;
  ProxyHeader header;
  while (header.state == ProxyHeader::State::kMore && !late_) {
    const Stream::Progress progress = stream_.Read(input_);
    begin.append(input_.data(), progress.octets);
    if (progress.await == Stream::Await::kEnd) co_return false;
    if (progress.octets > 0) {
      header = ReadProxyHeader(begin);
      continue;
    }
    co_await Ready(progress.await);
  }
  awaited_ = Awaited::kNothing;
  if (header.state != ProxyHeader::State::kWhole) {
    end_ = EndOfStep("proxy_timeout", "proxy_header");
    co_return false;
  }
  late_ = false;
  if (header.client) client_ = header.client;
  stream_.PutBack(std::string_view(begin).substr(header.octets));
  co_return true;
}

// The handshake. False: the session is over.
asio::awaitable<bool> Session::BeginTls() {
  const Underway underway(shared_.handshakes);
  wait_start_ = Steady();
  awaited_ = Awaited::kHandshake;
  Stream::Await await = stream_.Handshake();
  while ((await == Stream::Await::kReadable || await == Stream::Await::kWritable) && !late_) {
    co_await Ready(await);
    await = stream_.Handshake();
  }
  awaited_ = Awaited::kNothing;
  if (await == Stream::Await::kNothing) {
    late_ = false;
    shared_.counters.Add(Counter::kTlsBegun);
    co_return true;
  }
  shared_.counters.Add(Counter::kTlsFailed);
  end_ = EndOfStep("tls_timeout", "tls_failed");
  co_return false;
}

// How the log calls the end of a step that did not come to its own: by the clock, by our stop, or
// by what the client sent.
std::string_view Session::EndOfStep(std::string_view timeout, std::string_view failure) const {
  if (!late_) return failure;
  return stopping() ? "stopping" : timeout;
}

// Waits for what a call of the stream's asked for. The error: the wait was cut short.
asio::awaitable<std::error_code> Session::Ready(Stream::Await await) {
  std::error_code error;
  co_await stream_.socket().async_wait(
      await == Stream::Await::kReadable ? Socket::wait_read : Socket::wait_write,
      asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

// Waits for octets, which go to input_. 0: the client is gone, or the wait was cut short.
asio::awaitable<std::size_t> Session::Read() {
  awaited_ = Awaited::kInput;
  std::size_t octets = 0;
  std::error_code error;
  if (stream_.under_tls() || stream_.has_put_back()) {
    Stream::Progress progress = stream_.Read(input_);
    while (progress.octets == 0 && progress.await != Stream::Await::kEnd && !error) {
      error = co_await Ready(progress.await);
      progress = stream_.Read(input_);
    }
    octets = progress.octets;
    gone_ = progress.await == Stream::Await::kEnd;
  } else {
    // Not by Stream::Read() and a wait: that would be one call of the system more for each command.
    octets = co_await stream_.socket().async_read_some(
        asio::buffer(input_), asio::redirect_error(asio::use_awaitable, error));
    gone_ = error && error != asio::error::operation_aborted;
  }
  awaited_ = Awaited::kNothing;
  co_return octets;
}

// Does all that the dialogue wants. False: the session is over.
asio::awaitable<bool> Session::Perform() {
  static_assert(std::variant_size_v<Action> == 10, "each is done below");
  bool hang_up = false;
  while (std::optional<Action> action = dialogue_.Next()) {
    if (auto* reply = std::get_if<Reply>(&*action)) {
      if (shared_.log.enabled(LogLevel::kDebug)) NoteReply(reply->text);
      output_ += reply->text;
      if (output_.size() <= shared_.limits.max_reply_backlog) continue;
      const bool sent = co_await Flush();
      if (!sent) co_return false;
    } else if (auto* vouch = std::get_if<Vouch>(&*action)) {
      const absl::Time time = shared_.clock.Now();
      const absl::Status status = shared_.receiver.Vouch(vouch->path, time);
      const bool refused = absl::IsNotFound(status) || absl::IsPermissionDenied(status);
      if (refused) NoteRefusal(status);
      if (refused && client_ && shared_.clients.BadRecipient(*client_, Steady())) {
        const bool sent = co_await Flush();
        if (!sent) co_return false;
        co_await Wait(shared_.limits.error_delay);
      }
      dialogue_.Vouched(status, time);
    } else if (auto* admit = std::get_if<Admit>(&*action)) {
      const absl::Status status = AdmitNow(admit->declared_octets);
      if (!status.ok()) {
        shared_.log.Warning("smtp.deferred", {{"session", id_}, {"why", status.ToString()}});
      }
      dialogue_.Admitted(status);
    } else if (auto* discard = std::get_if<Discard>(&*action)) {
      Note(*discard);
    } else if (std::holds_alternative<AdmitTls>(*action)) {
      // What is sent before the handshake, its 220, is in the clear: TLS begins behind it.
      if (HandshakeLimit().empty()) tls_ = shared_.tls.Get();
      dialogue_.TlsAdmitted(tls_ != nullptr);
    } else if (auto* last = std::get_if<HangUp>(&*action)) {
      hang_up = true;
      if (end_ == "closed") end_ = last->end;
    } else {
      // What takes time: the answers to what came before go out first (RFC 2920, 3.2).
      const bool sent = co_await Flush();
      if (!sent) co_return false;
      if (auto* accept = std::get_if<Accept>(&*action)) {
        co_await Commit(*accept);
      } else if (auto* check = std::get_if<CheckLogin>(&*action)) {
        co_await Check(*check);
      } else if (std::holds_alternative<Handshake>(*action)) {
        if (!stream_.BeginTls(std::move(tls_))) co_return false;
        const bool begun = co_await BeginTls();
        if (!begun) co_return false;
        dialogue_.TlsBegun(Steady());
      } else if (auto* pause = std::get_if<Pause>(&*action)) {
        co_await Wait(pause->duration);
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
  stream_.EndTls();
  DropUnread();
  co_return false;
}

Session::Send Session::TrySend() {
  while (sent_ < output_.size()) {
    const Stream::Progress progress = stream_.Write(std::string_view(output_).substr(sent_));
    sent_ += progress.octets;
    if (progress.await == Stream::Await::kEnd) return Send::kFailed;
    if (progress.await != Stream::Await::kNothing) {
      send_await_ = progress.await;
      return Send::kSome;
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
    co_await Ready(send_await_);
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

// Not at all when the server stops.
asio::awaitable<void> Session::Wait(absl::Duration duration) {
  if (stopping()) co_return;
  awaited_ = Awaited::kPause;
  std::error_code error;
  event_.expires_after(absl::ToChronoNanoseconds(duration));
  co_await event_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  awaited_ = Awaited::kNothing;
}

// The result, or none if it does not come within commit_timeout.
asio::awaitable<std::optional<Commitment::Result>> Session::Await(
    std::shared_ptr<Commitment> commitment) {
  std::optional<Commitment::Result> result =
      commitment->TakeOrWait(stream_.socket().get_executor(), [this] { event_.cancel(); });
  if (!result) {
    awaited_ = Awaited::kCommit;
    event_.expires_at(asio::steady_timer::time_point::max());
    std::error_code error;
    co_await event_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    awaited_ = Awaited::kNothing;
    late_ = false;
    result = commitment->Abandon();
  }
  co_return result;
}

asio::awaitable<absl::Status> Session::CheckPassword(SaslPassword& password) {
  wait_start_ = Steady();
  auto commitment = std::make_shared<Commitment>();
  shared_.passwords.Check(std::move(password), [commitment](const absl::Status& status) {
    commitment->Set(status.ok() ? Commitment::Result(MessageIds()) : Commitment::Result(status));
  });
  const std::optional<Commitment::Result> result = co_await Await(commitment);
  co_return result ? result->status() : absl::DeadlineExceededError("no answer in time");
}

// Whatever the mechanism, each login is counted here.
asio::awaitable<void> Session::Check(CheckLogin& check) {
  absl::Status status = absl::PermissionDeniedError("refused by the mechanism");
  if (auto* password = std::get_if<SaslPassword>(&check.claim)) {
    status = co_await CheckPassword(*password);
  } else if (std::holds_alternative<SaslDone>(check.claim)) {
    status = absl::OkStatus();
  }
  shared_.counters.Add(status.ok() ? Counter::kLoginsDone : Counter::kLoginsFailed);
  if (absl::IsPermissionDenied(status) && client_ &&
      shared_.clients.FailedLogin(*client_, Steady())) {
    co_await Wait(shared_.limits.error_delay);
    dialogue_.TooManyFailedLogins();
    co_return;
  }
  dialogue_.LoggedIn(status);
}

// The one place that a 250 for a message can come from.
asio::awaitable<void> Session::Commit(Accept& accept) {
  const std::uint64_t octets = accept.message.size();
  accept.envelope.tls_version = stream_.tls_version();
  accept.envelope.user = dialogue_.user();
  Account(octets);
  wait_start_ = Steady();
  auto commitment = std::make_shared<Commitment>();
  shared_.receiver.Commit(
      std::move(accept.envelope), client_ ? client_->ToString() : "", std::move(accept.message),
      [commitment](absl::StatusOr<MessageIds> ids) { commitment->Set(std::move(ids)); });
  std::optional<Commitment::Result> result = co_await Await(commitment);
  if (!result) result = absl::DeadlineExceededError("no answer within commit_timeout");
  if (result->ok()) {
    ++messages_;
    shared_.log.Info("smtp.message", {{"session", id_},
                                      {"result", "stored"},
                                      {"octets", octets},
                                      {"message", ShowIds(**result)}});
  } else {
    shared_.counters.Add(Counter::kMessagesDeferred);
    shared_.log.Warning("smtp.message", {{"session", id_},
                                         {"result", "deferred"},
                                         {"octets", octets},
                                         {"why", result->status().ToString()}});
  }
  dialogue_.Accepted(*result, Steady());
}

// Much comes at once: takes it in larger pieces, while it is the only thing that the dialogue
// wants.
void Session::ReadMore() {
  for (int i = 0; i < kReadsATurn && dialogue_.in_data(); ++i) {
    const Stream::Progress progress = stream_.Read(scratch_);
    if (progress.octets == 0) return;  // whatever it is, the next read meets it too
    Feed(std::string_view(scratch_.data(), progress.octets));
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

// The reasons of a session are mostly one; the counters tell of all.
void Session::NoteRefusal(const absl::Status& status) {
  ++refused_;
  refusal_ = std::string(status.message());
}

void Session::NoteMessage(std::string_view result, std::uint64_t octets) {
  shared_.log.Info("smtp.message", {{"session", id_}, {"result", result}, {"octets", octets}});
}

void Session::NoteReply(std::string_view text) {
  shared_.log.Debug("smtp.reply", {{"session", id_}, {"text", text.substr(0, text.size() - 2)}});
}

// A socket that is closed with octets unread is reset, which may overtake the last reply.
void Session::DropUnread() {
  for (int i = 0; i < kReadsATurn; ++i) {
    if (stream_.Read(scratch_).octets == 0) return;
  }
}

absl::Time Session::Deadline() const {
  switch (awaited_) {
    case Awaited::kNothing:
    case Awaited::kPause:
      break;
    case Awaited::kInput:
      return dialogue_.Deadline();
    case Awaited::kOutput:
      return std::min(wait_start_ + dialogue_.Patience(shared_.limits.reply_timeout), drain_end_);
    case Awaited::kProxyHeader:
      return wait_start_ + dialogue_.Patience(shared_.limits.proxy_header_timeout);
    case Awaited::kHandshake:
      return wait_start_ + dialogue_.Patience(shared_.limits.tls_handshake_timeout);
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
  stream_.socket().cancel(ignored);
  event_.cancel();
}

void Session::ShutDown() {
  const absl::Time now = Steady();
  dialogue_.ShutDown(now);
  drain_end_ = now + shared_.limits.drain;
  // Nothing of a message is under way there.
  if (awaited_ == Awaited::kProxyHeader || awaited_ == Awaited::kHandshake) late_ = true;
  if (awaited_ == Awaited::kPause) event_.cancel();
  std::error_code ignored;
  stream_.socket().cancel(ignored);
}

}  // namespace bounced::smtp
