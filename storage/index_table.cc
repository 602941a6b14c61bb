// The top bits of a hash choose its shard, and the 53 bits below them are its key. A shard is a row
// of lines, each of six entries in ascending order and from the left. A key's home is the line at
// its share of the way, so homes ascend as keys do, and an entry lies at its home or, where that is
// full, in the nearest line after it. So:
//
// 1. All entries of a shard, line by line, are in ascending order.
// 2. Between an entry's home and its line all lines are full.
//
// A look-up therefore ends at the first line that is not full or holds a greater key; that is the
// home or its neighbour nearly always, whether the key is there or not. And a shard grows by being
// written out again in the order in which it is read.
//
// To find a small page takes a look-up as long as to read it, since a processor knows no more than
// some thousand of them; so they are huge, as soon as all of one is used.
//
// Readers take a line as it comes and afterwards ask whether the shard has changed meanwhile. All
// words are stored with release and loaded with acquire (which costs nothing on x86): who sees a
// word of a change also sees that the sequence is odd, or past it.
#include "storage/index_table.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <new>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

namespace bounced {
namespace {

constexpr std::size_t kLineEntries = 6;
constexpr std::size_t kLineWords = 8;
// Words 0 to 5: a key, and the low bits of its value. Words 6 and 7: three times the other bits.
constexpr unsigned kLowBits = 11;
constexpr unsigned kHighBits = 32 - kLowBits;
constexpr std::uint64_t kLowMask = (1 << kLowBits) - 1;
constexpr std::uint64_t kHighMask = (1 << kHighBits) - 1;
constexpr std::size_t kHighPerWord = 3;

// Fuller lines would save little and make look-ups long.
constexpr std::uint64_t kMaxLoadPercent = 92;
// Fill() takes several threads from so many entries on.
constexpr std::size_t kManyEntries = 100'000;
constexpr unsigned kMaxThreads = 8;
constexpr std::uint32_t kGrowth = 32;  // by one in so many lines
// At the end of a shard, and nobody's home: so many overflow with odds of 1 in 3,000.
constexpr std::uint32_t kSpillLines = 8;
constexpr std::size_t kHugePageOctets = 2 << 20;
#ifdef MADV_COLLAPSE
constexpr int kCollapse = MADV_COLLAPSE;
#else
constexpr int kCollapse = 25;  // of Linux 6.1; the C library is older
#endif

constexpr std::size_t HighWord(std::size_t slot) { return kLineEntries + slot / kHighPerWord; }
constexpr unsigned HighShift(std::size_t slot) {
  return kHighBits * static_cast<unsigned>(slot % kHighPerWord);
}

std::uint32_t ValueOf(std::uint64_t word, std::uint64_t high_word, std::size_t slot) {
  const std::uint64_t high = (high_word >> HighShift(slot)) & kHighMask;
  return static_cast<std::uint32_t>(high << kLowBits | (word & kLowMask));
}

// Without the bits that choose the shard, and with room for the low bits of a value.
std::uint64_t KeyOf(std::uint64_t hash, unsigned shard_bits) {
  return (hash << shard_bits) & ~kLowMask;
}

std::uint32_t HomeOf(std::uint64_t key, std::uint32_t lines) {
  return static_cast<std::uint32_t>(((key >> 32) * (lines - kSpillLines)) >> 32);
}

bool Holds(std::uint32_t lines, std::size_t entries) {
  return entries * 100 <= lines * kLineEntries * kMaxLoadPercent;
}

}  // namespace

struct IndexTable::Entry {
  std::uint64_t key;
  std::uint32_t value;
};

// A line as the writer has it before it stores it.
struct IndexTable::Image {
  std::array<std::uint64_t, kLineWords> words{};

  void Put(std::size_t slot, Entry entry) {
    words[slot] = entry.key | (entry.value & kLowMask);
    words[HighWord(slot)] |= std::uint64_t{entry.value >> kLowBits} << HighShift(slot);
  }
};

struct IndexTable::Line {
  std::array<std::atomic<std::uint64_t>, kLineWords> words;

  Entry At(std::size_t slot) const {
    const std::uint64_t word = words[slot].load(std::memory_order_relaxed);
    const std::uint64_t high = words[HighWord(slot)].load(std::memory_order_relaxed);
    return {.key = word & ~kLowMask, .value = ValueOf(word, high, slot)};
  }
  std::size_t count() const {
    std::size_t count = kLineEntries;
    while (count > 0 && At(count - 1).value == 0) --count;
    return count;
  }
  bool is_full() const { return At(kLineEntries - 1).value != 0; }
  // The slot of the first key that is not less.
  std::size_t LowerBound(std::uint64_t key) const {
    const std::size_t entries = count();
    std::size_t slot = 0;
    while (slot < entries && At(slot).key < key) ++slot;
    return slot;
  }

  void Store(const Image& image) {
    for (std::size_t i = 0; i < kLineWords; ++i) {
      words[i].store(image.words[i], std::memory_order_release);
    }
  }
  // Puts `entry` at `slot` and gives back what then has no room: of value 0, if there is room.
  Entry Insert(std::size_t slot, Entry entry) {
    Image image;
    for (std::size_t i = 0; i < kLineEntries; ++i) {
      Entry own = At(i);
      if (i >= slot) std::swap(own, entry);
      image.Put(i, own);
    }
    Store(image);
    return entry;
  }
  // Takes the entry at `slot` out and puts `last` behind the others.
  void Remove(std::size_t slot, Entry last) {
    Image image;
    const std::size_t entries = count();
    for (std::size_t i = 0; i + 1 < entries; ++i) image.Put(i, At(i < slot ? i : i + 1));
    image.Put(entries - 1, last);
    Store(image);
  }
};

// The lines of one shard, a page of them in each row.
class IndexTable::Lines {
 public:
  Lines(std::byte* first, std::uint32_t page_lines)
      : first_(first),
        page_bits_(static_cast<unsigned>(std::countr_zero(page_lines))),
        in_page_(page_lines - 1) {}

  Line& operator[](std::uint32_t at) const {
    const std::size_t page = std::size_t{at >> page_bits_} << (page_bits_ + kShardBits);
    return reinterpret_cast<Line*>(first_)[page + (at & in_page_)];
  }

 private:
  std::byte* first_;
  unsigned page_bits_;
  std::uint32_t in_page_;
};

// Sends readers of a shard away for as long as it lives.
class IndexTable::Change {
 public:
  explicit Change(Shard& shard)
      : shard_(shard), sequence_(shard.sequence.load(std::memory_order_relaxed)) {
    shard_.sequence.store(sequence_ + 1, std::memory_order_relaxed);
  }
  ~Change() { shard_.sequence.store(sequence_ + 2, std::memory_order_release); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  Shard& shard_;
  const std::uint32_t sequence_;
};

IndexTable::IndexTable(std::size_t max_shard_octets)
    : page_lines_(static_cast<std::uint32_t>(std::max<std::size_t>(
          static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / sizeof(Line), 1))) {
  static_assert(sizeof(Line) == 64 && sizeof(Image) == sizeof(Line));
  for (max_rows_ = max_shard_octets * kShards / RowOctets(); max_rows_ > 0; max_rows_ /= 2) {
    // Not readable, so that it does not count as memory that was promised (vm.overcommit_memory).
    void* reserved = mmap(nullptr, max_rows_ * RowOctets() + kHugePageOctets, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) continue;
    reserved_ = static_cast<std::byte*>(reserved);
    base_ =
        reserved_ + kHugePageOctets - reinterpret_cast<std::uintptr_t>(reserved_) % kHugePageOctets;
    return;
  }
  throw std::bad_alloc();
}

IndexTable::~IndexTable() { munmap(reserved_, max_rows_ * RowOctets() + kHugePageOctets); }

std::size_t IndexTable::RowOctets() const { return kShards * page_lines_ * sizeof(Line); }

IndexTable::Lines IndexTable::LinesOf(const Shard& shard) const {
  const auto number = static_cast<std::size_t>(&shard - shards_.data());
  return Lines(base_ + number * page_lines_ * sizeof(Line), page_lines_);
}

void IndexTable::Prefetch(std::uint64_t hash) const {
  const Shard& shard = ShardOf(hash);
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  if (lines == 0) return;
  const Lines all = LinesOf(shard);
  const std::uint32_t home = HomeOf(KeyOf(hash, kShardBits), lines);
  __builtin_prefetch(&all[home]);
  __builtin_prefetch(&all[home + 1]);
}

std::uint32_t IndexTable::Find(std::uint64_t hash) const {
  const Shard& shard = ShardOf(hash);
  const std::uint64_t key = KeyOf(hash, kShardBits);
  const Lines all = LinesOf(shard);
  const auto search = [&](std::uint32_t lines) -> std::uint32_t {
    if (lines == 0) return 0;
    std::uint32_t at = HomeOf(key, lines);
    __builtin_prefetch(&all[at + 1]);
    for (; at < lines; ++at) {
      const auto load = [&line = all[at]](std::size_t i) {
        return line.words[i].load(std::memory_order_acquire);
      };
      unsigned equal = 0;  // a bit for each slot; none of them is likelier than another
      for (std::size_t slot = 0; slot < kLineEntries; ++slot) {
        equal |= static_cast<unsigned>((load(slot) ^ key) <= kLowMask) << slot;
      }
      if (equal != 0) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(equal));
        return ValueOf(load(slot), load(HighWord(slot)), slot);
      }
      constexpr std::size_t kLast = kLineEntries - 1;
      const std::uint64_t last = load(kLast);
      if (last > key || ValueOf(last, load(HighWord(kLast)), kLast) == 0) return 0;
    }
    return 0;
  };
  for (;;) {
    const std::uint32_t before = shard.sequence.load(std::memory_order_acquire);
    if (before % 2 == 0) {
      const std::uint32_t value = search(shard.lines.load(std::memory_order_acquire));
      if (shard.sequence.load(std::memory_order_relaxed) == before) return value;
    }
    std::this_thread::yield();
  }
}

std::size_t IndexTable::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) size += shard.entries.load(std::memory_order_relaxed);
  return size;
}

std::size_t IndexTable::octets() const {
  std::size_t lines = 0;
  for (const Shard& shard : shards_) lines += shard.lines.load(std::memory_order_relaxed);
  return lines * sizeof(Line);
}

void IndexTable::Set(std::uint64_t hash, std::uint32_t value) {
  Shard& shard = ShardOf(hash);
  const Entry entry{.key = KeyOf(hash, kShardBits), .value = value};
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  if (lines > 0) {
    const Lines all = LinesOf(shard);
    std::uint32_t at = HomeOf(entry.key, lines);
    while (at + 1 < lines && all[at].is_full() && all[at].At(kLineEntries - 1).key < entry.key) {
      ++at;
    }
    const std::size_t slot = all[at].LowerBound(entry.key);
    if (slot < all[at].count() && all[at].At(slot).key == entry.key) {
      if (value == 0) return Erase(shard, at, slot);
      Image image;
      for (std::size_t i = 0; i < kLineEntries; ++i)
        image.Put(i, i == slot ? entry : all[at].At(i));
      const Change change(shard);
      all[at].Store(image);
      return;
    }
  }
  if (value != 0) Insert(shard, entry);
}

void IndexTable::Insert(Shard& shard, Entry entry) {
  const std::uint32_t entries = shard.entries.load(std::memory_order_relaxed) + 1;
  const Lines all = LinesOf(shard);
  for (;;) {
    const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
    if (Holds(lines, entries)) {
      std::uint32_t room = HomeOf(entry.key, lines);
      std::uint32_t at = room;
      while (room < lines && all[room].is_full()) ++room;
      if (room < lines) {
        const Change change(shard);
        for (; at <= room; ++at) {
          const std::size_t slot = all[at].LowerBound(entry.key);
          if (slot < kLineEntries) entry = all[at].Insert(slot, entry);
        }
        shard.entries.store(entries, std::memory_order_relaxed);
        return;
      }
    }
    Rebuild(shard, EntriesOf(shard), MoreLines(lines));
    UseHugePages(FullRows(), Memory::kWritten);
  }
}

// What overflowed from the line, or from one before it, moves back.
void IndexTable::Erase(Shard& shard, std::uint32_t at, std::size_t slot) {
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  const Lines all = LinesOf(shard);
  const Change change(shard);
  for (bool more = true; more; ++at, slot = 0) {
    Entry next{};
    if (all[at].is_full() && at + 1 < lines) next = all[at + 1].At(0);
    more = next.value != 0 && HomeOf(next.key, lines) <= at;
    all[at].Remove(slot, more ? next : Entry{});
  }
  shard.entries.store(shard.entries.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

// In the order in which they lie.
std::vector<IndexTable::Entry> IndexTable::EntriesOf(const Shard& shard) const {
  std::vector<Entry> entries;
  entries.reserve(shard.entries.load(std::memory_order_relaxed));
  const Lines all = LinesOf(shard);
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  for (std::uint32_t at = 0; at < lines; ++at) {
    for (std::size_t slot = 0; slot < kLineEntries; ++slot) {
      const Entry entry = all[at].At(slot);
      if (entry.value == 0) break;
      entries.push_back(entry);
    }
  }
  return entries;
}

std::uint32_t IndexTable::MoreLines(std::uint32_t lines) const {
  const std::uint32_t more = lines + std::max(lines / kGrowth, page_lines_);
  return more / page_lines_ * page_lines_;
}

// Whole pages.
std::uint32_t IndexTable::LinesFor(std::size_t entries) const {
  std::uint32_t lines = page_lines_;
  while (!Holds(lines, entries)) lines += page_lines_;
  return lines;
}

// Makes the memory of the first `lines` of each shard usable.
void IndexTable::Extend(std::uint32_t lines) {
  const std::size_t rows = lines / page_lines_;
  const MutexLock lock(extending_);
  if (rows <= rows_) return;
  if (rows > max_rows_ || mprotect(base_ + rows_ * RowOctets(), (rows - rows_) * RowOctets(),
                                   PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
  rows_ = rows;
}

// In which all shards have lines.
std::size_t IndexTable::FullRows() const {
  std::size_t rows = max_rows_;
  for (const Shard& shard : shards_) {
    rows = std::min<std::size_t>(rows, shard.lines.load(std::memory_order_relaxed) / page_lines_);
  }
  return rows;
}

// For the first `rows`. Where they cannot be had, small pages serve as well.
void IndexTable::UseHugePages(std::size_t rows, Memory memory) {
  const std::size_t octets =
      std::min(rows, max_rows_) * RowOctets() / kHugePageOctets * kHugePageOctets;
  if (octets <= huge_octets_) return;
  madvise(base_ + huge_octets_, octets - huge_octets_, MADV_HUGEPAGE);
  if (memory == Memory::kWritten) {
    madvise(base_ + huge_octets_, octets - huge_octets_, kCollapse);
  }
  huge_octets_ = octets;
}

// Writes `entries`, in ascending order, to `lines` lines, or a few more if that is what it takes.
void IndexTable::Rebuild(Shard& shard, const std::vector<Entry>& entries, std::uint32_t lines) {
  std::vector<Image> images;
  const auto lay_out = [&] {
    images.assign(lines, Image{});
    std::size_t at = 0;
    std::size_t slot = 0;
    for (const Entry& entry : entries) {
      if (slot == kLineEntries) ++at, slot = 0;
      if (const std::uint32_t home = HomeOf(entry.key, lines); home > at) at = home, slot = 0;
      if (at == lines) return false;
      images[at].Put(slot++, entry);
    }
    return true;
  };
  while (!lay_out()) lines = MoreLines(lines);
  const std::uint32_t had = shard.lines.load(std::memory_order_relaxed);
  if (lines > had) Extend(lines);
  const Lines all = LinesOf(shard);
  const Change change(shard);
  for (std::uint32_t i = 0; i < lines; ++i) all[i].Store(images[i]);
  shard.lines.store(lines, std::memory_order_release);
  shard.entries.store(static_cast<std::uint32_t>(entries.size()), std::memory_order_relaxed);
}

void IndexTable::Fill(IndexStaging& staging,
                      absl::FunctionRef<std::uint32_t(std::uint32_t, std::uint32_t)> merge) {
  std::atomic<std::size_t> next = 0;
  const auto fill = [&] {
    for (std::size_t part = next++; part < IndexStaging::kParts; part = next++) {
      FillPart(staging, part, merge);
    }
  };
  std::vector<std::thread> others;
  if (staging.size() >= kManyEntries) {
    // Nearly no shard has fewer entries.
    const double mean = static_cast<double>(staging.size()) / kShards;
    const auto least = static_cast<std::size_t>(std::max(0.0, mean - 4 * std::sqrt(mean)));
    UseHugePages(LinesFor(least) / page_lines_, Memory::kUntouched);
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads);
    while (others.size() + 1 < threads) others.emplace_back(fill);
  }
  fill();
  for (std::thread& other : others) other.join();
}

// To the shards that the part is of, and there into order.
void IndexTable::FillPart(IndexStaging& staging, std::size_t part,
                          absl::FunctionRef<std::uint32_t(std::uint32_t, std::uint32_t)> merge) {
  constexpr std::size_t kShardsOfPart = std::size_t{1} << (kShardBits - IndexStaging::kPartBits);
  const auto shard_of = [](std::uint64_t hash) {
    return (hash >> (64 - kShardBits)) % kShardsOfPart;
  };
  std::array<std::size_t, kShardsOfPart + 1> ends{};
  staging.ForEach(part, [&](std::uint64_t hash, std::uint32_t) { ++ends[shard_of(hash) + 1]; });
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<Entry> all(ends.back());
  staging.ForEach(part, [&](std::uint64_t hash, std::uint32_t value) {
    all[ends[shard_of(hash)]++] = {.key = KeyOf(hash, kShardBits), .value = value};
  });
  staging.Release(part);

  std::vector<std::uint32_t> places;
  std::vector<Entry> sorted;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < kShardsOfPart; ++i) {
    const std::span<const Entry> entries(all.data() + begin, ends[i] - begin);
    begin = ends[i];
    if (entries.empty()) continue;
    // Keys are spread evenly: each goes to about its place, and then the few steps to the right
    // one.
    const auto place = [&entries](const Entry& entry) {
      return ((entry.key >> 32) * entries.size()) >> 32;
    };
    places.assign(entries.size() + 1, 0);
    for (const Entry& entry : entries) ++places[place(entry) + 1];
    std::partial_sum(places.begin(), places.end(), places.begin());
    sorted.resize(entries.size());
    for (const Entry& entry : entries) sorted[places[place(entry)]++] = entry;
    std::size_t last = 0;
    for (std::size_t from = 1; from < sorted.size(); ++from) {
      const Entry entry = sorted[from];
      std::size_t to = ++last;
      for (; to > 0 && sorted[to - 1].key > entry.key; --to) sorted[to] = sorted[to - 1];
      sorted[to] = entry;
      if (to > 0 && sorted[to - 1].key == entry.key) {
        sorted[to - 1].value = merge(sorted[to - 1].value, entry.value);
        std::copy(sorted.data() + to + 1, sorted.data() + last + 1, sorted.data() + to);
        --last;
      }
    }
    sorted.resize(last + 1);
    Rebuild(shards_[part * kShardsOfPart + i], sorted, LinesFor(sorted.size()));
  }
}

}  // namespace bounced
