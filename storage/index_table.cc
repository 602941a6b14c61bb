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
// Readers take a line as it comes and afterwards ask whether the shard has changed meanwhile. All
// words are stored with release and loaded with acquire (which costs nothing on x86): who sees a
// word of a change also sees that the sequence is odd, or past it.
#include "storage/index_table.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
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
  const std::size_t page = page_lines_ * sizeof(Line);
  for (stride_ = max_shard_octets / page * page; stride_ > 0; stride_ = stride_ / 2 / page * page) {
    // Not readable, so that it does not count as memory that was promised (vm.overcommit_memory).
    void* reserved = mmap(nullptr, stride_ * shards_.size(), PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved != MAP_FAILED) {
      base_ = static_cast<std::byte*>(reserved);
      return;
    }
  }
  throw std::bad_alloc();
}

IndexTable::~IndexTable() { munmap(base_, stride_ * shards_.size()); }

IndexTable::Line* IndexTable::LinesOf(const Shard& shard) const {
  return reinterpret_cast<Line*>(base_ +
                                 stride_ * static_cast<std::size_t>(&shard - shards_.data()));
}

void IndexTable::Prefetch(std::uint64_t hash) const {
  const Shard& shard = ShardOf(hash);
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  if (lines == 0) return;
  const Line* home = LinesOf(shard) + HomeOf(KeyOf(hash, kShardBits), lines);
  __builtin_prefetch(home);
  __builtin_prefetch(home + 1);
}

std::uint32_t IndexTable::Find(std::uint64_t hash) const {
  const Shard& shard = ShardOf(hash);
  const std::uint64_t key = KeyOf(hash, kShardBits);
  const Line* const first = LinesOf(shard);
  const auto search = [&](std::uint32_t lines) -> std::uint32_t {
    if (lines == 0) return 0;
    const Line* line = first + HomeOf(key, lines);
    __builtin_prefetch(line + 1);
    for (; line < first + lines; ++line) {
      const auto load = [line](std::size_t i) {
        return line->words[i].load(std::memory_order_acquire);
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
    Line* const first = LinesOf(shard);
    std::uint32_t at = HomeOf(entry.key, lines);
    while (at + 1 < lines && first[at].is_full() &&
           first[at].At(kLineEntries - 1).key < entry.key) {
      ++at;
    }
    const std::size_t slot = first[at].LowerBound(entry.key);
    if (slot < first[at].count() && first[at].At(slot).key == entry.key) {
      if (value == 0) return Erase(shard, at, slot);
      Image image;
      for (std::size_t i = 0; i < kLineEntries; ++i)
        image.Put(i, i == slot ? entry : first[at].At(i));
      const Change change(shard);
      first[at].Store(image);
      return;
    }
  }
  if (value != 0) Insert(shard, entry);
}

void IndexTable::Insert(Shard& shard, Entry entry) {
  const std::uint32_t entries = shard.entries.load(std::memory_order_relaxed) + 1;
  Line* const first = LinesOf(shard);
  for (;;) {
    const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
    if (Holds(lines, entries)) {
      std::uint32_t room = HomeOf(entry.key, lines);
      std::uint32_t at = room;
      while (room < lines && first[room].is_full()) ++room;
      if (room < lines) {
        const Change change(shard);
        for (; at <= room; ++at) {
          const std::size_t slot = first[at].LowerBound(entry.key);
          if (slot < kLineEntries) entry = first[at].Insert(slot, entry);
        }
        shard.entries.store(entries, std::memory_order_relaxed);
        return;
      }
    }
    Rebuild(shard, EntriesOf(shard), MoreLines(lines));
  }
}

// What overflowed from the line, or from one before it, moves back.
void IndexTable::Erase(Shard& shard, std::uint32_t at, std::size_t slot) {
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  Line* const first = LinesOf(shard);
  const Change change(shard);
  for (bool more = true; more; ++at, slot = 0) {
    Entry next{};
    if (first[at].is_full() && at + 1 < lines) next = first[at + 1].At(0);
    more = next.value != 0 && HomeOf(next.key, lines) <= at;
    first[at].Remove(slot, more ? next : Entry{});
  }
  shard.entries.store(shard.entries.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

// In the order in which they lie.
std::vector<IndexTable::Entry> IndexTable::EntriesOf(const Shard& shard) const {
  std::vector<Entry> entries;
  entries.reserve(shard.entries.load(std::memory_order_relaxed));
  const Line* const first = LinesOf(shard);
  const std::uint32_t lines = shard.lines.load(std::memory_order_relaxed);
  for (const Line* line = first; line < first + lines; ++line) {
    for (std::size_t slot = 0; slot < kLineEntries; ++slot) {
      const Entry entry = line->At(slot);
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

// Makes the memory of the first `lines` usable; readers do not see the new ones yet.
void IndexTable::Extend(Shard& shard, std::uint32_t lines) {
  const std::uint32_t had = shard.lines.load(std::memory_order_relaxed);
  if (lines * sizeof(Line) > stride_ ||
      mprotect(LinesOf(shard) + had, (lines - had) * sizeof(Line), PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
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
  if (lines > had) Extend(shard, lines);
  Line* const first = LinesOf(shard);
  const Change change(shard);
  for (std::size_t i = 0; i < lines; ++i) first[i].Store(images[i]);
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
    std::uint32_t lines = page_lines_;
    while (!Holds(lines, sorted.size())) lines += page_lines_;
    Rebuild(shards_[part * kShardsOfPart + i], sorted, lines);
  }
}

}  // namespace bounced
