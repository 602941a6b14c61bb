// LD_PRELOAD this to measure as on a slower disk: every fsync(2) and fdatasync(2) takes
// SLOW_SYNC_MS milliseconds more.
#include <dlfcn.h>

#include <cstdlib>
#include <ctime>

namespace {

void Delay() {
  static const long milliseconds = [] {
    const char* value = std::getenv("SLOW_SYNC_MS");
    return value == nullptr ? 0L : std::atol(value);
  }();
  const std::timespec delay{.tv_sec = milliseconds / 1000,
                            .tv_nsec = milliseconds % 1000 * 1'000'000};
  nanosleep(&delay, nullptr);
}

using Sync = int (*)(int);

}  // namespace

extern "C" int fsync(int fd) {
  static const Sync real = reinterpret_cast<Sync>(dlsym(RTLD_NEXT, "fsync"));
  Delay();
  return real(fd);
}

extern "C" int fdatasync(int fd) {
  static const Sync real = reinterpret_cast<Sync>(dlsym(RTLD_NEXT, "fdatasync"));
  Delay();
  return real(fd);
}
