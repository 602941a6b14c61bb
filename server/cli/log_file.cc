#include "server/cli/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
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

// Whether `position` can be one in the file at `path`.
bool Holds(const std::string& path, const LogPosition& position) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat status {};
  bool holds = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
               status.st_ino == position.inode && status.st_size >= position.offset;
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

// The other files of the log, as log rotation names them ("mail.log.1", "mail.log-20261107"), the
// one that was written last at the end.
std::vector<std::string> FormerFiles(const std::string& path) {
  const fs::path log(path);
  const fs::path folder = log.has_parent_path() ? log.parent_path() : fs::path(".");
  const std::string name = log.filename().string();
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string other = entry->path().filename().string();
    const bool is_former = other.size() > name.size() && other.starts_with(name) &&
                           (other[name.size()] == '.' || other[name.size()] == '-');
    std::error_code unknown;
    if (!is_former || IsCompressed(entry->path()) || !entry->is_regular_file(unknown)) continue;
    found.emplace_back(entry->last_write_time(unknown), entry->path().string());
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> files;
  for (auto& [time, file] : found) files.push_back(std::move(file));
  return files;
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
  const std::vector<std::string> former = FormerFiles(path_);
  const auto found = std::find_if(former.begin(), former.end(),
                                  [&](const std::string& file) { return Holds(file, from); });
  if (found == former.end()) {
    notice_ = absl::StrCat(
        "the file that was read before is no longer there: what it got since is "
        "not read, and ",
        path_, " is read from its beginning");
    return OpenAt(path_, 0);
  }
  later_.assign(found + 1, former.end());
  later_.push_back(path_);
  return OpenAt(*found, from.offset);
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
  if (!later_.empty()) {
    GiveRest(lines);
    const std::string next = std::move(later_.front());
    later_.pop_front();
    if (absl::Status status = OpenAt(next, 0); !status.ok()) return status;
    return true;
  }
  if (!options_.follow) return false;
  struct stat status {};
  // Between two names there is none for a moment.
  if (::stat(path_.c_str(), &status) != 0) return false;
  const std::int64_t read = offset_ + static_cast<std::int64_t>(buffer_.size()) + dropped_;
  if (status.st_ino == inode_) {
    if (status.st_size >= read) return false;
    if (absl::Status opened = OpenAt(path_, 0); !opened.ok()) return opened;
    return true;
  }
  // As long as nothing is in the new file, the log's writer may still have the old one.
  if (status.st_size == 0) return false;
  absl::StatusOr<std::size_t> more = Fill();
  if (!more.ok()) return more.status();
  if (*more > 0) return true;
  GiveRest(lines);
  if (absl::Status opened = OpenAt(path_, 0); !opened.ok()) return opened;
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
