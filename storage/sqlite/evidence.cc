#include "storage/sqlite/evidence.h"

#include <memory>
#include <new>

#include "storage/store.h"
#include "zstd.h"

namespace bounced {
namespace {

constexpr int kLevel = 3;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

std::shared_ptr<const Evidence> Evidence::Pack(std::string_view message) {
  // One for each thread that packs: to make one costs more than a message does.
  thread_local std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  std::string packed(ZSTD_compressBound(message.size()), '\0');
  std::size_t octets = ZSTD_compressCCtx(context.get(), packed.data(), packed.size(),
                                         message.data(), message.size(), kLevel);
  // With room for the worst case only a lack of memory is left, as of the strings here.
  if (ZSTD_isError(octets)) throw std::bad_alloc();
  packed.resize(octets);
  packed.shrink_to_fit();
  return std::shared_ptr<const Evidence>(
      new Evidence(static_cast<std::int64_t>(message.size()), std::move(packed)));
}

absl::StatusOr<std::string> Unpack(std::string_view packed, std::int64_t octets,
                                   EvidenceCodec codec) {
  auto size = static_cast<std::uint64_t>(octets);
  if (codec != EvidenceCodec::kZstd || octets < 0 || octets > kMaxEvidenceOctets ||
      ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) {
    return absl::DataLossError("the evidence cannot be unpacked; restore a backup");
  }
  thread_local std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  std::string message(size, '\0');
  std::size_t got = ZSTD_decompressDCtx(context.get(), message.data(), message.size(),
                                        packed.data(), packed.size());
  if (ZSTD_isError(got) || got != size) {
    return absl::DataLossError("the evidence cannot be unpacked; restore a backup");
  }
  return message;
}

}  // namespace bounced
