#include "server/cli/streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bounced::cli {
namespace {

std::string ErrorText(int error) { return std::generic_category().message(error); }

absl::Status ReadError(const std::string& name, int error) {
  return absl::InvalidArgumentError(absl::StrCat("cannot read ", name, ": ", ErrorText(error)));
}

absl::Status WriteError(const std::string& name, int error) {
  return absl::InternalError(absl::StrCat("cannot write ", name, ": ", ErrorText(error)));
}

absl::Status CreateError(const std::string& name, int error) {
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", name, ": ", ErrorText(error)));
}

// What the user's umask leaves of 0666; mkostemp() would give 0600.
mode_t DefaultMode() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

FdSource::FdSource(int fd, Ownership ownership, std::string name)
    : fd_(fd),
      ownership_(ownership),
      name_(std::move(name)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

FdSource::~FdSource() {
  if (wake_ >= 0) ::close(wake_);
  if (ownership_ == Ownership::kOwned) ::close(fd_);
}

absl::StatusOr<std::size_t> FdSource::Read(char* buffer, std::size_t size) {
  for (;;) {
    pollfd waits[] = {{fd_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return ReadError(name_, errno);
    }
    if (waits[1].revents != 0) return absl::CancelledError("interrupted");
    ssize_t got = ::read(fd_, buffer, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return ReadError(name_, errno);
  }
}

bool FdSource::WouldWait() {
  pollfd waits[] = {{fd_, POLLIN, 0}, {wake_, POLLIN, 0}};
  return ::poll(waits, 2, 0) == 0;
}

void FdSource::Interrupt() {
  const std::uint64_t one = 1;
  // It fails only when the count is at its top, and then the reader is awake.
  [[maybe_unused]] ssize_t written = ::write(wake_, &one, sizeof one);
}

absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ReadError(path, errno);
  auto source = std::make_unique<FdSource>(fd, Ownership::kOwned, path);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return ReadError(path, errno);
  if (S_ISDIR(status.st_mode)) return ReadError(path, EISDIR);
  return source;
}

absl::StatusOr<std::string> ReadAll(Source& source, std::size_t max_octets) {
  std::string all;
  const auto block = std::make_unique_for_overwrite<char[]>(kReadOctets);
  for (;;) {
    absl::StatusOr<std::size_t> got = source.Read(block.get(), kReadOctets);
    if (!got.ok()) return got.status();
    if (*got == 0) return all;
    if (*got > max_octets - all.size()) {
      return absl::InvalidArgumentError(absl::StrCat("larger than ", max_octets, " octets"));
    }
    all.append(block.get(), *got);
  }
}

FdSink::FdSink(int fd, std::string name, std::size_t gather)
    : fd_(fd), name_(std::move(name)), gather_(gather) {
  gathered_.reserve(gather_);
}

FdSink::~FdSink() { Flush().IgnoreError(); }

absl::Status FdSink::Write(std::string_view octets) {
  if (octets.size() > gather_ - gathered_.size()) {
    if (absl::Status status = Flush(); !status.ok()) return status;
  }
  if (octets.size() >= gather_) return WriteThrough(octets);
  gathered_ += octets;
  return absl::OkStatus();
}

absl::Status FdSink::Flush() {
  absl::Status status = WriteThrough(gathered_);
  gathered_.clear();
  return status;
}

absl::Status FdSink::WriteThrough(std::string_view octets) {
  while (!octets.empty()) {
    ssize_t written = ::write(fd_, octets.data(), octets.size());
    if (written >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a terminal or pipe that somebody else made non-blocking
      pollfd wait{fd_, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return WriteError(name_, errno);
    }
  }
  return absl::OkStatus();
}

OutputFile::OutputFile(int fd, std::string path, std::string temporary)
    : fd_(fd),
      path_(std::move(path)),
      temporary_(std::move(temporary)),
      sink_(std::make_unique<FdSink>(fd, path_)) {}

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::CreateUnlessOutput(const std::string& path,
                                                                           Readers readers) {
  if (path == "-") return nullptr;
  return Create(path, readers);
}

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path,
                                                               Readers readers) {
  std::error_code error;
  std::string place = std::filesystem::weakly_canonical(path, error).string();
  if (error) place = path;
  struct stat status {};
  const bool exists = ::stat(place.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    int fd = ::open(place.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return CreateError(path, errno);
    return std::unique_ptr<OutputFile>(new OutputFile(fd, path, ""));
  }
  const std::filesystem::path target(place);
  const std::filesystem::path name("." + target.filename().string() + ".XXXXXX");
  std::string temporary = (target.parent_path() / name).string();
  int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return CreateError(path, errno);
  std::unique_ptr<OutputFile> file(new OutputFile(fd, place, temporary));
  const mode_t usual = exists ? status.st_mode & 07777 : DefaultMode();
  if (::fchmod(fd, readers == Readers::kUserAlone ? 0600 : usual) != 0) {
    return CreateError(path, errno);
  }
  return file;
}

OutputFile::~OutputFile() {
  sink_.reset();
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

absl::Status OutputFile::Commit() {
  if (absl::Status status = sink_->Flush(); !status.ok()) return status;
  if (temporary_.empty()) return absl::OkStatus();
  if (::fdatasync(fd_) != 0) return WriteError(path_, errno);
  if (::close(std::exchange(fd_, -1)) != 0) return WriteError(path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return WriteError(path_, errno);
  const std::string folder = std::filesystem::path(temporary_).parent_path().string();
  temporary_.clear();
  const int above =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (above < 0) return WriteError(path_, errno);
  const bool stays = ::fsync(above) == 0;
  const int error = errno;
  ::close(above);
  return stays ? absl::OkStatus() : WriteError(path_, error);
}

absl::StatusOr<std::unique_ptr<Source>> OutputFile::ReadBack() {
  if (absl::Status status = sink_->Flush(); !status.ok()) return status;
  if (temporary_.empty()) return nullptr;
  if (::fdatasync(fd_) != 0) return WriteError(path_, errno);
  // Not what is still in memory, as far as the kernel lets it go.
  ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED);
  const int fd = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return WriteError(path_, errno);
  return std::make_unique<FdSource>(fd, Ownership::kOwned, path_);
}

}  // namespace bounced::cli
