// Where SuppressionIndex keeps its entries: hashes to four octets, in less than 12 octets each.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "storage/index_staging.h"
#include "storage/mutex.h"

namespace bounced {

// A map of 64-bit hashes, which must be spread evenly, to values that are not 0. Of a hash the last
// bit is not kept: two hashes that differ in it alone are one.
//
// From 10 million entries on it takes 11.6 to 12 octets an entry; small, up to a page for each
// of its 1,024 shards; empty, none. It grows by 1/32 of a shard at a time and in place, and never
// shrinks. Where the kernel has transparent huge pages, it lies in them but for its last few MiB.
//
// Thread-safe: any number of readers, which take no lock, beside the one writer. A reader waits
// only while its shard grows, up to 0.1 ms with 50 million entries, or while what it reads moves to
// a huge page. Out of memory it throws std::bad_alloc, as containers do.
class IndexTable {
 public:
  // Of address space, which costs nothing: enough for 1,400 million entries.
  static constexpr std::size_t kMaxShardOctets = 16 << 20;

  // Where the process may not have so much address space, a shard gets a half, a quarter, and so
  // on.
  explicit IndexTable(std::size_t max_shard_octets = kMaxShardOctets);
  ~IndexTable();
  IndexTable(const IndexTable&) = delete;
  IndexTable& operator=(const IndexTable&) = delete;

  // Asks for the memory that Find() will read.
  void Prefetch(std::uint64_t hash) const;
  // 0 when there is none.
  std::uint32_t Find(std::uint64_t hash) const;
  std::size_t size() const;
  // Of memory that entries lie in.
  std::size_t octets() const;

  // By the writer only. 0 removes.
  void Set(std::uint64_t hash, std::uint32_t value);

  // By the writer of a table that was empty, before anybody reads: takes all that is staged, and
  // merges the values of a hash that came several times. Far faster than as many Set(); a large one
  // is put in order by several threads.
  void Fill(IndexStaging& staging,
            absl::FunctionRef<std::uint32_t(std::uint32_t, std::uint32_t)> merge);

 private:
  // Of 64 octets, one line of a processor's cache.
  struct Line;
  class Lines;
  struct Image;
  struct Entry;
  // What readers go by. `sequence` is odd while the lines change.
  struct Shard {
    std::atomic<std::uint32_t> sequence = 0;
    std::atomic<std::uint32_t> lines = 0;
    std::atomic<std::uint32_t> entries = 0;
  };
  class Change;

  static constexpr unsigned kShardBits = 10;
  static constexpr std::size_t kShards = std::size_t{1} << kShardBits;

  Shard& ShardOf(std::uint64_t hash) { return shards_[hash >> (64 - kShardBits)]; }
  const Shard& ShardOf(std::uint64_t hash) const { return shards_[hash >> (64 - kShardBits)]; }
  Lines LinesOf(const Shard& shard) const;
  void FillPart(IndexStaging& staging, std::size_t part,
                absl::FunctionRef<std::uint32_t(std::uint32_t, std::uint32_t)> merge);
  void Insert(Shard& shard, Entry entry);
  void Erase(Shard& shard, std::uint32_t at, std::size_t slot);
  std::vector<Entry> EntriesOf(const Shard& shard) const;
  std::uint32_t MoreLines(std::uint32_t lines) const;
  std::uint32_t LinesFor(std::size_t entries) const;
  std::size_t RowOctets() const;
  void Extend(std::uint32_t lines);
  std::size_t FullRows() const;
  enum class Memory : std::uint8_t { kUntouched, kWritten };
  void UseHugePages(std::size_t rows, Memory memory);
  void Rebuild(Shard& shard, const std::vector<Entry>& entries, std::uint32_t lines);

  // The n-th pages of all shards lie side by side, a row, and rows lie in their order: shards are
  // of nearly one size, so all rows but the last few are full.
  const std::uint32_t page_lines_;
  std::size_t max_rows_ = 0;
  std::byte* reserved_ = nullptr;
  std::byte* base_ = nullptr;    // the first place therein where a huge page can begin
  std::size_t huge_octets_ = 0;  // from there on, for huge pages
  Mutex extending_;              // the threads of Fill() do
  std::size_t rows_ ABSL_GUARDED_BY(extending_) = 0;  // that can be written
  std::array<Shard, kShards> shards_;
};

}  // namespace bounced
