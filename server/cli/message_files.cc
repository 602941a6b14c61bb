#include "server/cli/message_files.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFromLine = "From ";

absl::Status FolderError(const std::string& path, const std::error_code& error) {
  return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": ", error.message()));
}

// Adds the regular files in and below `folder`.
absl::Status AddFolder(const std::string& folder, std::vector<std::string>& files) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const bool hidden = entry->path().filename().string().starts_with('.');
    std::error_code unknown;
    const fs::file_status status = entry->symlink_status(unknown);
    if (hidden && fs::is_directory(status)) entry.disable_recursion_pending();
    if (!hidden && fs::is_regular_file(status)) files.push_back(entry->path().string());
  }
  return error ? FolderError(folder, error) : absl::OkStatus();
}

bool IsMaildir(const fs::path& folder) {
  std::error_code error;  // what cannot be asked is none
  return fs::is_directory(folder / "new", error) && fs::is_directory(folder / "cur", error);
}

bool IsInMaildir(const std::string& file) {
  std::error_code error;
  const fs::path path = fs::absolute(file, error).lexically_normal();
  const fs::path folder = path.parent_path();
  const bool is_its_folder = folder.filename() == "new" || folder.filename() == "cur";
  return is_its_folder && IsMaildir(folder.parent_path()) && fs::exists(path, error);
}

bool IsEmptyLine(std::string_view line) { return line == "\n" || line == "\r\n"; }

// `>From ` with one or more `>`.
bool IsQuotedFromLine(std::string_view line) {
  const std::size_t text = line.find_first_not_of('>');
  return text != std::string_view::npos && text > 0 && line.substr(text).starts_with(kFromLine);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListMessageFiles(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return FolderError(path, error);
  if (!fs::is_directory(status)) return std::vector<std::string>{path};
  const fs::path folder(path);
  std::vector<std::string> files;
  absl::Status added;
  if (IsMaildir(folder)) {
    added = AddFolder((folder / "new").string(), files);
    added.Update(AddFolder((folder / "cur").string(), files));
  } else {
    added = AddFolder(path, files);
  }
  if (!added.ok()) return added;
  std::sort(files.begin(), files.end());
  return files;
}

void MboxMachine::Feed(std::string_view octets) {
  buffer_.erase(0, std::exchange(at_, 0));
  scanned_ = std::min(scanned_, buffer_.size());
  buffer_ += octets;
}

std::optional<MboxMachine::Message> MboxMachine::Next() {
  while (status_.ok()) {
    std::size_t end = buffer_.find('\n', at_ + scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size() - at_;
      if (message_.size() + scanned_ > max_message_octets_ + kFromLine.size()) {
        status_ = absl::InvalidArgumentError(absl::StrCat(
            "line ", message_line_, ": a message is larger than ", max_message_octets_, " octets"));
        break;
      }
      if (!ended_) return std::nullopt;
      if (at_ == buffer_.size()) return Finish();
      end = buffer_.size() - 1;
    }
    const std::string_view line = std::string_view(buffer_).substr(at_, end + 1 - at_);
    at_ = end + 1;
    scanned_ = 0;
    ++line_;
    if (std::optional<Message> message = TakeLine(line)) return message;
  }
  return std::nullopt;
}

// The message that this line ends.
std::optional<MboxMachine::Message> MboxMachine::TakeLine(std::string_view line) {
  if (line.starts_with(kFromLine) && (!in_message_ || !empty_line_.empty() || message_.empty())) {
    std::optional<Message> before = Finish();
    in_message_ = true;
    message_line_ = line_;
    return before;
  }
  if (!in_message_) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("line ", line_, ": an mbox begins with a line `From ...`"));
    return std::nullopt;
  }
  message_ += std::exchange(empty_line_, {});
  if (IsEmptyLine(line)) {
    empty_line_ = line;
  } else {
    message_ += IsQuotedFromLine(line) ? line.substr(1) : line;
  }
  if (message_.size() > max_message_octets_) {
    status_ = absl::InvalidArgumentError(absl::StrCat(
        "line ", message_line_, ": a message is larger than ", max_message_octets_, " octets"));
  }
  return std::nullopt;
}

std::optional<MboxMachine::Message> MboxMachine::Finish() {
  if (!std::exchange(in_message_, false)) return std::nullopt;
  empty_line_.clear();
  return Message{message_line_, std::exchange(message_, {})};
}

bool LooksLikeMbox(const std::string& name, std::string_view head) {
  if (!head.starts_with(kFromLine)) return false;
  constexpr std::string_view kOneMessage = ".eml";
  const std::size_t stem = name.size() - std::min(kOneMessage.size(), name.size());
  return !EqualsIgnoringCase(std::string_view(name).substr(stem), kOneMessage) &&
         !IsInMaildir(name);
}

absl::Status ForEachMessage(Source& source, const std::string& name,
                            const std::function<absl::Status(MessageInFile)>& take) {
  const auto block = std::make_unique_for_overwrite<char[]>(kReadOctets);
  std::string head;
  bool ended = false;
  while (!ended && head.size() < kFromLine.size()) {
    absl::StatusOr<std::size_t> got = source.Read(block.get(), kReadOctets);
    if (!got.ok()) return got.status();
    head.append(block.get(), *got);
    ended = *got == 0;
  }
  auto named = [&name](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
  };
  if (!LooksLikeMbox(name, head)) {
    absl::StatusOr<std::string> rest = ReadAll(source, kMaxMessageOctets - head.size());
    if (!rest.ok()) return named(rest.status());
    return take({name, head + *rest});
  }
  MboxMachine machine;
  machine.Feed(head);
  // Whether it is the only one shows when the next comes, or none.
  std::optional<MboxMachine::Message> held;
  auto take_held = [&](bool is_only_one) {
    if (!held) return absl::OkStatus();
    std::string its_name = is_only_one ? name : absl::StrCat(name, ":", held->line);
    return take({std::move(its_name), std::move(held->octets)});
  };
  bool is_first = true;
  absl::Status end;
  for (;;) {
    while (std::optional<MboxMachine::Message> message = machine.Next()) {
      is_first = !held;
      if (absl::Status status = take_held(false); !status.ok()) return status;
      held = std::move(message);
    }
    if (!machine.status().ok()) end = named(machine.status());
    if (ended || !end.ok()) break;
    absl::StatusOr<std::size_t> got = source.Read(block.get(), kReadOctets);
    if (!got.ok()) {
      end = got.status();
      break;
    }
    ended = *got == 0;
    if (ended) machine.End();
    machine.Feed({block.get(), *got});
  }
  absl::Status status = take_held(is_first && end.ok());
  status.Update(end);
  return status;
}

}  // namespace bounced::cli
