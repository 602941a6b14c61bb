#include "storage/index_staging.h"

#include <sys/mman.h>

#include <new>

namespace bounced {
namespace {

// Not of malloc(), which might keep it for later.
constexpr std::size_t kChunkOctets = 1 << 20;

}  // namespace

IndexStaging::~IndexStaging() {
  for (std::size_t part = 0; part < kParts; ++part) Release(part);
}

void IndexStaging::AddChunk(Part& part) {
  void* chunk =
      mmap(nullptr, kChunkOctets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (chunk == MAP_FAILED) throw std::bad_alloc();
  part.Close();
  part.next = static_cast<Record*>(chunk);
  part.end = part.next + kChunkOctets / sizeof(Record);
  part.chunks.push_back({.begin = part.next, .end = part.next});
}

void IndexStaging::Take(IndexStaging& other) {
  for (std::size_t i = 0; i < kParts; ++i) {
    Part& to = parts_[i];
    Part& from = other.parts_[i];
    if (from.chunks.empty()) continue;
    to.Close();
    to.chunks.insert(to.chunks.end(), from.chunks.begin(), from.chunks.end());
    to.next = from.next;
    to.end = from.end;
    from = {};
  }
}

std::size_t IndexStaging::size() {
  std::size_t size = 0;
  for (std::size_t part = 0; part < kParts; ++part) size += SizeOf(part);
  return size;
}

std::size_t IndexStaging::SizeOf(std::size_t part) {
  parts_[part].Close();
  std::size_t size = 0;
  for (const Chunk& chunk : parts_[part].chunks) {
    size += static_cast<std::size_t>(chunk.end - chunk.begin);
  }
  return size;
}

void IndexStaging::ForEach(std::size_t part,
                           absl::FunctionRef<void(std::uint64_t hash, std::uint32_t value)> take) {
  parts_[part].Close();
  for (const Chunk& chunk : parts_[part].chunks) {
    for (const Record* record = chunk.begin; record < chunk.end; ++record) {
      take(std::uint64_t{(*record)[0]} << 32 | (*record)[1], (*record)[2]);
    }
  }
}

void IndexStaging::Release(std::size_t part) {
  for (const Chunk& chunk : parts_[part].chunks) munmap(chunk.begin, kChunkOctets);
  parts_[part] = {};
}

}  // namespace bounced
