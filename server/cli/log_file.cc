#include "server/cli/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "parser/text.h"
#include "server/cli/streams.h"

namespace bounced::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kHeadOctets = 256;
constexpr std::size_t kMaxStateOctets = 4096;
constexpr std::string_view kFirstLine = "bouncectl log position 1";
// More than a line that is whole may have: it is cut whether or not a CR is the last.
constexpr std::size_t kLineRoom = kMaxLineOctets + 2;

absl::Status CannotRead(const std::string& path, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot read ", path, ": ", std::generic_category().message(error)));
}

// FNV-1a: the same in every build.
std::uint64_t HashOf(std::string_view octets) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : octets) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  return hash;
}

// At most `size` octets from `offset` on; fewer: the end.
absl::StatusOr<std::string> ReadAt(int fd, const std::string& path, std::int64_t offset,
                                   std::size_t size) {
  std::string octets(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, octets.data() + got, size - got,
                              static_cast<off_t>(offset + static_cast<std::int64_t>(got)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotRead(path, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  octets.resize(got);
  return octets;
}

// Whether `position` can be one in the file at `path`; or, of any inode, in one with that
// beginning.
bool Holds(const std::string& path, const LogPosition& position, bool of_any_inode = false) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat status {};
  bool holds = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
               (of_any_inode || status.st_ino == position.inode) &&
               status.st_size >= position.offset;
  if (holds) {
    const absl::StatusOr<std::string> head =
        ReadAt(fd, path, 0, static_cast<std::size_t>(position.head_octets));
    holds = head.ok() && HashOf(*head) == position.head_hash;
  }
  ::close(fd);
  return holds;
}

bool IsCompressed(const fs::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".gz" || ending == ".bz2" || ending == ".xz" || ending == ".zst" ||
         ending == ".lz4";
}

// A file that had the log's name.
struct Former {
  std::int64_t written = 0;  // when last, in nanoseconds
  std::int64_t number = 0;   // of "mail.log.7"; the higher, the older. 0: a date, or none
  std::string path;
  ino_t inode = 0;
  bool is_compressed = false;

  // Older ones first.
  bool operator<(const Former& other) const {
    return std::tuple(written, -number, path) <
           std::tuple(other.written, -other.number, other.path);
  }
};

std::int64_t WrittenAt(const struct stat& status) {
  return status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

// The other files of the log, as log rotation names them ("mail.log.1", "mail.log-20261107",
// "mail.log.2.gz"), the one that was written last at the end.
std::vector<Former> FormerFiles(const std::string& path) {
  const fs::path log(path);
  const fs::path folder = log.has_parent_path() ? log.parent_path() : fs::path(".");
  const std::string name = log.filename().string();
  std::vector<Former> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    Former former{.path = entry->path().string(), .is_compressed = IsCompressed(entry->path())};
    fs::path other = entry->path().filename();
    if (former.is_compressed) other.replace_extension();
    std::string_view rest = other.native();
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    const bool is_former = rest.size() > 1 && (rest[0] == '.' || rest[0] == '-') &&
                           rest.find_first_not_of("0123456789-._", 1) == rest.npos;
    struct stat status {};
    if (!is_former || ::stat(former.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      continue;
    }
    former.written = WrittenAt(status);
    former.inode = status.st_ino;
    if (rest[0] != '.' || !absl::SimpleAtoi(Absl(rest.substr(1)), &former.number)) {
      former.number = 0;
    }
    found.push_back(std::move(former));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string Names(const std::vector<std::string>& files) {
  constexpr std::size_t kMaxNamed = 5;
  std::vector<std::string> named(
      files.begin(),
      files.begin() + static_cast<std::ptrdiff_t>(std::min(files.size(), kMaxNamed)));
  if (files.size() > kMaxNamed) named.push_back("and more");
  return absl::StrJoin(named, ", ");
}

}  // namespace

absl::StatusOr<LogPosition> ReadLogPosition(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat("there is no ", path));
  }
  absl::StatusOr<std::unique_ptr<Source>> source = OpenSource(path);
  if (!source.ok()) return source.status();
  absl::StatusOr<std::string> text = ReadAll(**source, kMaxStateOctets);
  const absl::Status not_one = absl::InvalidArgumentError(absl::StrCat(
      path,
      " is no position in a log; give another name, or remove it to read from the beginning"));
  if (!text.ok()) return not_one;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  LogPosition position;
  constexpr std::size_t kLines = 6;  // the last of them empty
  const auto number = [&](std::size_t line, std::string_view name, auto& value) {
    std::string_view rest = lines[line];
    if (!rest.starts_with(name)) return false;
    rest.remove_prefix(name.size());
    return absl::SimpleAtoi(Absl(rest), &value);
  };
  std::uint64_t inode = 0;
  if (lines.size() != kLines || lines[0] != kFirstLine || !number(1, "inode ", inode) ||
      !number(2, "offset ", position.offset) || !number(3, "head_octets ", position.head_octets) ||
      !number(4, "head_hash ", position.head_hash) || !lines[5].empty() || position.offset < 0 ||
      position.head_octets < 0 || position.head_octets > kHeadOctets) {
    return not_one;
  }
  position.inode = static_cast<ino_t>(inode);
  return position;
}

absl::Status WriteLogPosition(const std::string& path, const LogPosition& position) {
  absl::StatusOr<std::unique_ptr<OutputFile>> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  const std::string text =
      absl::StrCat(Absl(kFirstLine), "\ninode ", static_cast<std::uint64_t>(position.inode),
                   "\noffset ", position.offset, "\nhead_octets ", position.head_octets,
                   "\nhead_hash ", position.head_hash, "\n");
  if (absl::Status status = (*file)->sink().Write(text); !status.ok()) return status;
  return (*file)->Commit();
}

absl::StatusOr<std::unique_ptr<LogFile>> LogFile::Open(std::string path, LogFileOptions options) {
  std::unique_ptr<LogFile> file(new LogFile(std::move(path), std::move(options)));
  if (absl::Status status = file->Begin(); !status.ok()) return status;
  return file;
}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status LogFile::Begin() {
  if (!options_.from) return OpenAt(path_, 0);
  const LogPosition& from = *options_.from;
  if (Holds(path_, from)) return OpenAt(path_, from.offset);
  std::vector<Former> readable = FormerFiles(path_);
  std::vector<std::string> compressed;
  std::erase_if(readable, [&](const Former& file) {
    if (file.is_compressed) compressed.push_back(file.path);
    return file.is_compressed;
  });
  // A copy has another inode, so it must be known by a beginning that no other file has.
  for (const bool is_copy : {false, true}) {
    if (is_copy && from.head_octets < kHeadOctets) continue;
    const auto found = std::find_if(readable.begin(), readable.end(), [&](const Former& file) {
      return Holds(file.path, from, is_copy);
    });
    if (found == readable.end()) continue;
    is_former_ = true;
    return OpenAt(found->path, from.offset);
  }
  notice_ = "the file that was read before is no longer there: what it got since is not read";
  if (!compressed.empty()) {
    absl::StrAppend(&notice_, ", nor what is compressed (", Names(compressed), ")");
  }
  std::vector<std::string> anew;
  for (const Former& file : readable) anew.push_back(file.path);
  anew.push_back(path_);
  absl::StrAppend(&notice_, "; read from the beginning: ", Names(anew));
  is_former_ = !readable.empty();
  return OpenAt(anew.front(), 0);
}

absl::StatusOr<std::string> LogFile::NextFile(std::string& passed) {
  struct stat own {};
  if (::fstat(fd_, &own) != 0) return CannotRead(path_, errno);
  const std::vector<Former> former = FormerFiles(path_);
  auto next = std::find_if(former.begin(), former.end(), [&](const Former& file) {
    return !file.is_compressed && file.inode == inode_;
  });
  if (next != former.end()) {
    ++next;
  } else {
    // It has been compressed, or removed.
    next = std::find_if(former.begin(), former.end(),
                        [&](const Former& file) { return file.written > WrittenAt(own); });
  }
  std::vector<std::string> compressed;
  for (; next != former.end() && next->is_compressed; ++next) compressed.push_back(next->path);
  if (!compressed.empty()) {
    passed = absl::StrCat("compressed before it was read, and not read: ", Names(compressed));
  }
  return next == former.end() ? path_ : next->path;
}

absl::Status LogFile::OpenAt(const std::string& path, std::int64_t offset) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotRead(path, errno);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  struct stat status {};
  if (::fstat(fd_, &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": it is no file"));
  }
  inode_ = status.st_ino;
  opened_at_ = offset;
  offset_ = offset;
  buffer_.clear();
  dropped_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> LogFile::Next(std::size_t most) {
  std::vector<Line> lines;
  for (;;) {
    std::size_t at = 0;
    while (lines.size() < most) {
      const std::size_t end = buffer_.find('\n', at);
      if (end == std::string::npos) break;
      Line line = ToLine(std::string_view(buffer_).substr(at, end - at));
      offset_ += static_cast<std::int64_t>(end + 1 - at) + std::exchange(dropped_, 0);
      at = end + 1;
      lines.push_back(std::move(line));
    }
    buffer_.erase(0, at);
    if (!lines.empty()) return lines;
    absl::StatusOr<std::size_t> got = Fill();
    if (!got.ok()) return got.status();
    if (*got > 0) continue;
    absl::StatusOr<bool> went_on = GoOn(lines);
    if (!went_on.ok()) return went_on.status();
    if (*went_on) continue;
    if (options_.takes_last_line) GiveRest(lines);
    return lines;
  }
}

absl::StatusOr<std::size_t> LogFile::Fill() {
  if (buffer_.size() > kLineRoom) {
    dropped_ += static_cast<std::int64_t>(buffer_.size() - kLineRoom);
    buffer_.resize(kLineRoom);
  }
  const std::int64_t read = offset_ + static_cast<std::int64_t>(buffer_.size()) + dropped_;
  absl::StatusOr<std::string> more = ReadAt(fd_, path_, read, kReadOctets);
  if (!more.ok()) return more.status();
  buffer_ += *more;
  return more->size();
}

void LogFile::GiveRest(std::vector<Line>& lines) {
  if (buffer_.empty()) return;
  offset_ += static_cast<std::int64_t>(buffer_.size()) + std::exchange(dropped_, 0);
  lines.push_back(ToLine(std::exchange(buffer_, {})));
}

absl::StatusOr<bool> LogFile::GoOn(std::vector<Line>& lines) {
  if (!options_.follow && !is_former_) return false;
  struct stat status {};
  // Between two names there is none for a moment.
  if (::stat(path_.c_str(), &status) != 0) return false;
  const std::int64_t read = offset_ + static_cast<std::int64_t>(buffer_.size()) + dropped_;
  if (status.st_ino == inode_) {
    if (status.st_size >= read) return false;
    if (absl::Status opened = OpenAt(path_, 0); !opened.ok()) return opened;
    return true;
  }
  std::string passed;
  const absl::StatusOr<std::string> next = NextFile(passed);
  if (!next.ok()) return next.status();
  // As long as nothing is in the new file, the log's writer may still have the old one.
  if (options_.follow && *next == path_ && status.st_size == 0) return false;
  absl::StatusOr<std::size_t> more = Fill();
  if (!more.ok()) return more.status();
  if (*more > 0) return true;
  GiveRest(lines);
  if (absl::Status opened = OpenAt(*next, 0); !opened.ok()) return opened;
  is_former_ = *next != path_;
  if (!passed.empty()) notice_ = std::move(passed);
  return true;
}

absl::StatusOr<LogPosition> LogFile::position() const {
  LogPosition position{.inode = inode_, .offset = offset_};
  absl::StatusOr<std::string> head =
      ReadAt(fd_, path_, 0, static_cast<std::size_t>(std::min(offset_, kHeadOctets)));
  if (!head.ok()) return head.status();
  position.head_octets = static_cast<std::int64_t>(head->size());
  position.head_hash = HashOf(*head);
  return position;
}

absl::Status LogFile::ForEachLineBefore(std::size_t octets,
                                        const std::function<void(std::string_view)>& take) {
  const std::int64_t end = opened_at_;
  std::int64_t at = std::max<std::int64_t>(0, end - static_cast<std::int64_t>(octets));
  bool is_whole = at == 0;
  std::string rest;
  while (at < end) {
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::int64_t>(end - at, kReadOctets));
    absl::StatusOr<std::string> block = ReadAt(fd_, path_, at, size);
    if (!block.ok()) return block.status();
    if (block->empty()) break;
    at += static_cast<std::int64_t>(block->size());
    rest += *block;
    std::size_t begin = 0;
    for (std::size_t stop; (stop = rest.find('\n', begin)) != std::string::npos; begin = stop + 1) {
      const bool is_line = std::exchange(is_whole, true);
      if (is_line) take(ToLine(std::string_view(rest).substr(begin, stop - begin)).text);
    }
    rest.erase(0, begin);
    // What is too long for a line is passed over up to its end.
    if (rest.size() > kLineRoom) {
      rest.clear();
      is_whole = false;
    }
  }
  return absl::OkStatus();
}

}  // namespace bounced::cli
