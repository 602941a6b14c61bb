// What an index is to hold, before it is put in order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"

namespace bounced {

// Hashes with their values, in any order, in 32 parts by the top bits of the hash: each part is
// written and read from one end to the other, which is what memory is fast at. Takes 12 octets
// each, which go back to the kernel part by part. Out of memory it throws std::bad_alloc.
class IndexStaging {
 public:
  static constexpr unsigned kPartBits = 5;
  static constexpr std::size_t kParts = std::size_t{1} << kPartBits;

  IndexStaging() = default;
  ~IndexStaging();
  IndexStaging(const IndexStaging&) = delete;
  IndexStaging& operator=(const IndexStaging&) = delete;

  void Add(std::uint64_t hash, std::uint32_t value) {
    Part& part = parts_[hash >> (64 - kPartBits)];
    if (part.next == part.end) AddChunk(part);
    *part.next++ = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(hash),
                    value};
  }
  // All of `other`, which is then empty.
  void Take(IndexStaging& other);
  std::size_t size();
  std::size_t SizeOf(std::size_t part);
  void ForEach(std::size_t part,
               absl::FunctionRef<void(std::uint64_t hash, std::uint32_t value)> take);
  // Different parts may be read and released by different threads.
  void Release(std::size_t part);

 private:
  using Record = std::array<std::uint32_t, 3>;  // so as to take 12 octets, not 16
  struct Chunk {
    Record* begin;
    Record* end;  // of what is in it; of the last one Part::next is
  };
  struct Part {
    std::vector<Chunk> chunks;
    Record* next = nullptr;  // in the last chunk
    Record* end = nullptr;   // of the last chunk
    void Close() {
      if (!chunks.empty()) chunks.back().end = next;
    }
  };
  static void AddChunk(Part& part);

  std::array<Part, kParts> parts_;
};

}  // namespace bounced
