// Octets in and out.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bounced::cli {

// What a Source is read by.
inline constexpr std::size_t kReadOctets = 256 << 10;
// What a Sink gathers before it writes.
inline constexpr std::size_t kWriteOctets = 1 << 20;

// Octets that arrive. One thread reads; Interrupt() may come from another.
class Source {
 public:
  virtual ~Source() = default;
  // Waits for octets and puts at most `size` of them into `buffer`; 0: the end. CANCELLED: after
  // Interrupt(). INVALID_ARGUMENT: cannot be read, and why.
  virtual absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) = 0;
  // Whether Read() would have to wait.
  virtual bool WouldWait() = 0;
  // Ends the Read() that waits, and all that come after it.
  virtual void Interrupt() = 0;
};

// Octets that leave, in order. One thread writes.
class Sink {
 public:
  virtual ~Sink() = default;
  // INTERNAL: cannot be written, and why.
  virtual absl::Status Write(std::string_view octets) = 0;
  // Hands on what was gathered.
  virtual absl::Status Flush() = 0;
};

// Whose a descriptor is.
enum class Ownership { kBorrowed, kOwned };

// Of a file descriptor. `name` is for messages.
class FdSource : public Source {
 public:
  FdSource(int fd, Ownership ownership, std::string name);
  ~FdSource() override;
  FdSource(const FdSource&) = delete;
  FdSource& operator=(const FdSource&) = delete;

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  bool WouldWait() override;
  void Interrupt() override;

 private:
  const int fd_;
  const Ownership ownership_;
  const std::string name_;
  const int wake_;  // an eventfd, readable once interrupted
};

// INVALID_ARGUMENT: there is no such file, it cannot be read, or it is a directory.
absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& path);

// All of `source`. INVALID_ARGUMENT: it has more than `max_octets`.
absl::StatusOr<std::string> ReadAll(Source& source, std::size_t max_octets);

// Of a file descriptor, written in pieces of `gather` octets. Flushes when it ends.
class FdSink : public Sink {
 public:
  FdSink(int fd, std::string name, std::size_t gather = kWriteOctets);
  ~FdSink() override;
  FdSink(const FdSink&) = delete;
  FdSink& operator=(const FdSink&) = delete;

  absl::Status Write(std::string_view octets) override;
  absl::Status Flush() override;

 private:
  absl::Status WriteThrough(std::string_view octets);

  const int fd_;
  const std::string name_;
  const std::size_t gather_;
  std::string gathered_;
};

// A file that appears whole or not at all: it is written beside its place and moved there by
// Commit(). What is no regular file (a pipe, /dev/stdout) is written straight away; a symbolic link
// is followed.
class OutputFile {
 public:
  // Who may read it: as the file that stood there, or as the user's umask says; or the user alone.
  enum class Readers { kAsUsual, kUserAlone };

  // INVALID_ARGUMENT: cannot be made there, and why.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path,
                                                            Readers readers = Readers::kAsUsual);
  // The same; null: `path` is "-", which stands for standard output.
  static absl::StatusOr<std::unique_ptr<OutputFile>> CreateUnlessOutput(
      const std::string& path, Readers readers = Readers::kAsUsual);
  // Without a Commit() before, what stood in its place still does.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  Sink& sink() { return *sink_; }
  // What the disk has of all that was written, once it is there. None: it is no regular file, and
  // cannot be read again. INTERNAL: could not be written or read.
  absl::StatusOr<std::unique_ptr<Source>> ReadBack();
  // Writes the rest, waits for the disk and moves it into its place, so that it stays there.
  // INTERNAL: could not.
  absl::Status Commit();

 private:
  OutputFile(int fd, std::string path, std::string temporary);

  int fd_;
  const std::string path_;
  std::string temporary_;  // empty: written straight away, or moved
  std::unique_ptr<FdSink> sink_;
};

}  // namespace bounced::cli
