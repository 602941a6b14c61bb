#include "server/cli/interruption.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace bounced::cli {
namespace {

// A handler is given nothing but the signal.
std::atomic<Interruption*> g_interruption = nullptr;
static_assert(std::atomic<Interruption*>::is_always_lock_free);

}  // namespace

Interruption::Interruption(Source& source)
    : source_(source), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  g_interruption = this;
  struct sigaction before {};
  if (::sigaction(SIGINT, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = &Take;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  ::sigaction(SIGINT, &action, nullptr);
}

Interruption::~Interruption() {
  struct sigaction now {};
  if (::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == &Take) {
    ::signal(SIGINT, SIG_DFL);
  }
  g_interruption = nullptr;
  if (wake_ >= 0) ::close(wake_);
}

// What is called here may be called in a signal's handler: stores without a lock, and write(2).
void Interruption::Take(int) {
  Interruption* interruption = g_interruption;
  if (interruption == nullptr) return;
  const int error = errno;
  interruption->asked_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(interruption->wake_, &one, sizeof one);
  interruption->source_.Interrupt();
  errno = error;
}

void Interruption::Pause(absl::Duration time) const {
  pollfd wait = {wake_, POLLIN, 0};
  ::poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(time)));
}

void Interruption::EndProgram() {
  ::signal(SIGINT, SIG_DFL);
  ::raise(SIGINT);
  std::abort();  // not reached
}

}  // namespace bounced::cli
