#include "storage/sqlite/page_rows.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "storage/sqlite/directory.h"

namespace bounced {
namespace {

constexpr std::size_t kHeaderOctets = 100;
constexpr std::size_t kWalHeaderOctets = 32;
constexpr std::size_t kFrameHeaderOctets = 24;

// Kinds of pages (1.6).
constexpr unsigned char kInteriorIndex = 0x02;
constexpr unsigned char kInteriorTable = 0x05;
constexpr unsigned char kLeafIndex = 0x0A;
constexpr unsigned char kLeafTable = 0x0D;

std::uint64_t BigEndian(std::string_view octets) {
  std::uint64_t value = 0;
  for (const char c : octets) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Takes a varint off the front of `octets`; none: it is cut.
std::optional<std::uint64_t> TakeVarint(std::string_view& octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 9 && i < octets.size(); ++i) {
    const auto c = static_cast<unsigned char>(octets[i]);
    if (i == 8) {
      octets.remove_prefix(9);
      return value << 8 | c;
    }
    value = value << 7 | (c & 0x7FU);
    if ((c & 0x80U) == 0) {
      octets.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

// Of a serial type (2.1).
std::uint64_t OctetsOf(std::uint64_t type) {
  constexpr std::uint64_t kOctets[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  return type < 12 ? kOctets[type] : (type - 12) / 2;
}

PageValue ValueOf(std::uint64_t type, std::string_view octets) {
  switch (type) {
    case 0:
      return std::monostate();
    case 7:
      return std::bit_cast<double>(BigEndian(octets));
    case 8:
    case 9:
      return static_cast<std::int64_t>(type - 8);
    default:
      break;
  }
  if (type >= 12) {
    if (type % 2 == 0) return PageBlob{octets};
    return PageText{octets};
  }
  const auto bits = static_cast<unsigned>(8 * octets.size());
  const std::uint64_t value = BigEndian(octets) << (64 - bits);
  return static_cast<std::int64_t>(value) >> (64 - bits);
}

// All of `octets`, or an error; short at the end of the file.
absl::StatusOr<std::string> ReadAt(int fd, std::int64_t offset, std::size_t octets) {
  std::string read(octets, '\0');
  std::size_t done = 0;
  while (done < octets) {
    const ssize_t got =
        pread(fd, read.data() + done, octets - done, offset + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::DataLossError("the disk does not give it");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  read.resize(done);
  return read;
}

// The checksum of a WAL (4.2), whose words are of the order that its magic number tells.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void Add(std::string_view octets, bool big_endian) {
    for (; octets.size() >= 8; octets.remove_prefix(8)) {
      first += Word(octets.substr(0, 4), big_endian) + second;
      second += Word(octets.substr(4, 4), big_endian) + first;
    }
  }
  static std::uint32_t Word(std::string_view octets, bool big_endian) {
    const auto word = static_cast<std::uint32_t>(BigEndian(octets));
    return big_endian ? word : __builtin_bswap32(word);
  }
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

Checksum ChecksumAt(std::string_view octets) {
  return {.first = static_cast<std::uint32_t>(BigEndian(octets.substr(0, 4))),
          .second = static_cast<std::uint32_t>(BigEndian(octets.substr(4, 4)))};
}

bool IsPageSize(std::uint64_t octets) {
  return octets >= 512 && octets <= 65'536 && std::has_single_bit(octets);
}

}  // namespace

std::optional<std::vector<PageValue>> DecodePageRecord(std::string_view payload) {
  std::string_view header = payload;
  const std::optional<std::uint64_t> header_octets = TakeVarint(header);
  if (!header_octets || *header_octets > payload.size()) return std::nullopt;
  const std::size_t taken = payload.size() - header.size();
  if (*header_octets < taken) return std::nullopt;
  header = header.substr(0, *header_octets - taken);
  std::string_view body = payload.substr(*header_octets);
  std::vector<PageValue> values;
  while (!header.empty()) {
    const std::optional<std::uint64_t> type = TakeVarint(header);
    if (!type || *type == 10 || *type == 11 || OctetsOf(*type) > body.size()) return std::nullopt;
    values.push_back(ValueOf(*type, body.substr(0, OctetsOf(*type))));
    body.remove_prefix(OctetsOf(*type));
  }
  if (!body.empty()) return std::nullopt;
  return values;
}

PageFile::PageFile(PageFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      wal_fd_(std::exchange(other.wal_fd_, -1)),
      page_octets_(other.page_octets_),
      usable_octets_(other.usable_octets_),
      pages_(other.pages_),
      commits_behind_damage_(other.commits_behind_damage_),
      in_wal_(std::move(other.in_wal_)) {}

PageFile::~PageFile() {
  if (fd_ >= 0) close(fd_);
  if (wal_fd_ >= 0) close(wal_fd_);
}

absl::StatusOr<PageFile> PageFile::Open(const std::string& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, file);
  PageFile pages(fd);
  // Of a damaged header what cannot be is taken for what this program makes.
  const absl::StatusOr<std::string> header = ReadAt(fd, 0, kHeaderOctets);
  if (header.ok() && header->size() == kHeaderOctets) {
    const std::uint64_t octets = BigEndian(std::string_view(*header).substr(16, 2));
    if (IsPageSize(octets == 1 ? 65'536 : octets))
      pages.page_octets_ = octets == 1 ? 65'536 : octets;
  }
  pages.usable_octets_ = pages.page_octets_;
  const std::int64_t size = lseek(fd, 0, SEEK_END);
  if (size < 0) return FileStatus(errno, file);
  pages.pages_ = size / pages.page_octets();
  pages.ReadWal(file + "-wal");
  return pages;
}

// A frame that is whole counts also behind one that is not: its checksum goes on from that which
// stands in the frame before.
void PageFile::ReadWal(const std::string& file) {
  wal_fd_ = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (wal_fd_ < 0) return;
  const absl::StatusOr<std::string> header = ReadAt(wal_fd_, 0, kWalHeaderOctets);
  if (!header.ok() || header->size() < kWalHeaderOctets) return;
  const std::string_view head = *header;
  const std::uint64_t magic = BigEndian(head.substr(0, 4));
  const bool big_endian = magic == 0x377F0683;
  Checksum before = ChecksumAt(head.substr(24));
  Checksum of_header;
  of_header.Add(head.substr(0, 24), big_endian);
  // One that is not whole hides the rest from SQLite: whose frames these are the first one tells.
  bool is_damaged = of_header != before || (magic & ~std::uint64_t{1}) != 0x377F0682 ||
                    BigEndian(head.substr(8, 4)) != page_octets_;
  std::string salts(head.substr(16, 8));
  if (is_damaged) salts = ReadAt(wal_fd_, kWalHeaderOctets + 8, 8).value_or("");
  const std::size_t frame_octets = kFrameHeaderOctets + page_octets_;
  std::map<std::int64_t, std::int64_t> uncommitted;
  for (std::int64_t at = kWalHeaderOctets;; at += static_cast<std::int64_t>(frame_octets)) {
    const absl::StatusOr<std::string> frame = ReadAt(wal_fd_, at, frame_octets);
    if (!frame.ok() || frame->size() < frame_octets) return;
    const std::string_view octets = *frame;
    Checksum sum = before;
    sum.Add(octets.substr(0, 8), big_endian);
    sum.Add(octets.substr(kFrameHeaderOctets), big_endian);
    before = ChecksumAt(octets.substr(16));
    // Other salts are those of an earlier round, or damaged.
    if (sum != before || octets.substr(8, 8) != salts) {
      is_damaged = true;
      continue;
    }
    uncommitted[static_cast<std::int64_t>(BigEndian(octets.substr(0, 4)))] =
        at + static_cast<std::int64_t>(kFrameHeaderOctets);
    const auto size = static_cast<std::int64_t>(BigEndian(octets.substr(4, 4)));
    if (size == 0) continue;  // the commit comes later
    if (is_damaged) ++commits_behind_damage_;
    for (const auto& [page, place] : uncommitted) in_wal_[page] = place;
    uncommitted.clear();
    pages_ = std::max(pages_, size);
  }
}

absl::StatusOr<std::string> PageFile::Page(std::int64_t number) const {
  if (number < 1) return absl::DataLossError("there is no such page");
  const auto found = in_wal_.find(number);
  if (found != in_wal_.end()) return ReadAt(wal_fd_, found->second, page_octets_);
  return ReadAt(fd_, (number - 1) * page_octets(), page_octets_);
}

absl::StatusOr<PageReading> PageFile::ForEachRow(
    std::int64_t number, absl::FunctionRef<void(const PageRow&)> take) const {
  PageReading reading;
  absl::StatusOr<std::string> page = Page(number);
  if (!page.ok()) return page.status();
  if (page->size() < page_octets_) return reading;
  const std::string_view octets = *page;
  const std::size_t at = number == 1 ? kHeaderOctets : 0;
  const auto type = static_cast<unsigned char>(octets[at]);
  const bool has_rows = type == kLeafTable || type == kLeafIndex || type == kInteriorIndex;
  reading.is_of_tree = has_rows || type == kInteriorTable;
  if (!has_rows) return reading;
  const std::size_t pointers = at + (type == kInteriorIndex ? 12 : 8);
  const std::uint64_t cells = BigEndian(octets.substr(at + 3, 2));
  std::string payload;
  std::vector<std::int64_t> overflow;
  for (std::uint64_t i = 0; i < cells; ++i) {
    const std::size_t pointer = pointers + 2 * i;
    if (pointer + 2 > octets.size()) {
      ++reading.broken_rows;
      break;
    }
    const std::optional<PageRow> row =
        ReadCell(octets, BigEndian(octets.substr(pointer, 2)), type, payload, overflow);
    if (row) {
      take(*row);
      reading.overflow.insert(reading.overflow.end(), overflow.begin(), overflow.end());
    } else {
      ++reading.broken_rows;
    }
  }
  return reading;
}

std::vector<std::int64_t> PageFile::EmptyPages() const {
  constexpr std::int64_t kLockedOctet = 1 << 30;
  constexpr std::size_t kFirstTrunk = 32;  // where the header names it
  std::vector<std::int64_t> empty;
  if (pages_ > kLockedOctet / page_octets()) empty.push_back(kLockedOctet / page_octets() + 1);
  const auto number_at = [](std::string_view page, std::size_t at) {
    return static_cast<std::int64_t>(BigEndian(page.substr(at, 4)));
  };
  const absl::StatusOr<std::string> first = Page(1);
  if (!first.ok() || first->size() < page_octets_) return empty;
  std::int64_t trunk = number_at(*first, kFirstTrunk);
  // A damaged list may lead in a circle.
  for (std::int64_t trunks = 0; trunk >= 1 && trunk <= pages_ && trunks < pages_; ++trunks) {
    const absl::StatusOr<std::string> page = Page(trunk);
    if (!page.ok() || page->size() < page_octets_) break;
    const std::int64_t leaves = number_at(*page, 4);
    if (leaves > page_octets() / 4 - 2) break;
    empty.push_back(trunk);
    for (std::int64_t i = 0; i < leaves; ++i) {
      empty.push_back(number_at(*page, static_cast<std::size_t>(8 + 4 * i)));
    }
    trunk = number_at(*page, 0);
  }
  return empty;
}

std::optional<PageRow> PageFile::ReadCell(std::string_view page, std::size_t at, unsigned char type,
                                          std::string& payload,
                                          std::vector<std::int64_t>& overflow) const {
  overflow.clear();
  if (type == kInteriorIndex) at += 4;  // the page to the left
  if (at >= page.size()) return std::nullopt;
  std::string_view cell = page.substr(at);
  const std::optional<std::uint64_t> octets = TakeVarint(cell);
  if (!octets || *octets > kMaxPayloadOctets) return std::nullopt;
  PageRow row;
  if (type == kLeafTable) {
    const std::optional<std::uint64_t> rowid = TakeVarint(cell);
    if (!rowid) return std::nullopt;
    row.rowid = static_cast<std::int64_t>(*rowid);
  }
  // How much of it lies here, and the rest on a chain of pages (1.6).
  const std::uint64_t u = usable_octets_;
  const std::uint64_t most = type == kLeafTable ? u - 35 : (u - 12) * 64 / 255 - 23;
  const std::uint64_t least = (u - 12) * 32 / 255 - 23;
  std::uint64_t here = *octets;
  if (*octets > most) {
    here = least + (*octets - least) % (u - 4);
    if (here > most) here = least;
  }
  if (cell.size() < here + (here < *octets ? 4 : 0)) return std::nullopt;
  payload.assign(cell.substr(0, here));
  auto next = here < *octets ? static_cast<std::int64_t>(BigEndian(cell.substr(here, 4))) : 0;
  while (payload.size() < *octets) {
    const absl::StatusOr<std::string> more = Page(next);
    if (!more.ok() || more->size() < u) return std::nullopt;
    overflow.push_back(next);
    const std::size_t part = std::min<std::size_t>(*octets - payload.size(), u - 4);
    payload.append(*more, 4, part);
    next = static_cast<std::int64_t>(BigEndian(std::string_view(*more).substr(0, 4)));
  }
  std::optional<std::vector<PageValue>> values = DecodePageRecord(payload);
  if (!values) return std::nullopt;
  row.values = *std::move(values);
  return row;
}

}  // namespace bounced
