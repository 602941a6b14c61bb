// BatchCheckRequest and BatchCheckResponse as the octets that go over the wire (Protocol Buffers,
// Encoding). A message object has a string for each address, which takes longer to make than the
// address to look up.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "storage/records.h"

namespace bounced::api {

// A BatchCheckRequest, read where it lies. One object reads many, one after the other.
class BatchCheckReader {
 public:
  // INVALID_ARGUMENT: `request` is no such message, or has more than kMaxBatchAddresses. What it
  // does not know it passes over, as messages of later versions want.
  absl::Status Read(const grpc::ByteBuffer& request);

  // Of what was read last, until the next Read(). Whether they are UTF-8 is not known.
  std::string_view tenant() const { return tenant_; }
  std::string_view stream() const { return stream_; }
  const std::vector<std::string_view>& addresses() const { return addresses_; }

 private:
  grpc::Slice slice_;
  std::string_view tenant_;
  std::string_view stream_;
  std::vector<std::string_view> addresses_;
};

// Writes a BatchCheckResponse of as many verdicts as it was told of.
class BatchCheckWriter {
 public:
  void Begin(std::size_t verdicts);
  void Add(Verdict verdict);
  grpc::ByteBuffer Message() const;

 private:
  std::string octets_;
};

}  // namespace bounced::api
