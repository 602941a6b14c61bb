#include "server/api/batch_message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.pb.h"
#include "server/api/limits.h"
#include "server/api/status.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::size_t kMaxHeadOctets = 10;  // a tag and a length

constexpr std::uint32_t TagOf(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

// Into `text`, where it lies; what is read from memory is one piece.
bool ReadText(CodedInputStream& in, std::string_view& text) {
  int size = 0;
  if (!in.ReadVarintSizeAsInt(&size)) return false;
  text = {};
  if (size == 0) return true;
  const void* begin = nullptr;
  int there = 0;
  if (!in.GetDirectBufferPointer(&begin, &there) || size > there) return false;
  text = {static_cast<const char*>(begin), static_cast<std::size_t>(size)};
  return in.Skip(size);
}

}  // namespace

absl::Status BatchCheckReader::Read(const grpc::ByteBuffer& request) {
  tenant_ = stream_ = {};
  addresses_.clear();
  if (!request.TrySingleSlice(&slice_).ok() && !request.DumpToSingleSlice(&slice_).ok()) {
    return absl::InvalidArgumentError("the request cannot be unpacked");
  }
  CodedInputStream in(slice_.begin(), static_cast<int>(slice_.size()));
  for (bool is_whole = true; is_whole;) {
    const std::uint32_t tag = in.ReadTag();
    switch (tag) {
      case TagOf(v1::BatchCheckRequest::kAddressesFieldNumber):
        if (addresses_.size() == kMaxBatchAddresses) {
          return Invalid("addresses", absl::StrCat("more than ", kMaxBatchAddresses));
        }
        is_whole = ReadText(in, addresses_.emplace_back());
        break;
      case TagOf(v1::BatchCheckRequest::kTenantFieldNumber):
        is_whole = ReadText(in, tenant_);
        break;
      case TagOf(v1::BatchCheckRequest::kStreamFieldNumber):
        is_whole = ReadText(in, stream_);
        break;
      case 0:
        if (in.ConsumedEntireMessage()) return absl::OkStatus();
        is_whole = false;
        break;
      default:
        is_whole = WireFormatLite::SkipField(&in, tag);
    }
  }
  return absl::InvalidArgumentError("the request is no BatchCheckRequest");
}

void BatchCheckWriter::Begin(std::size_t verdicts) {
  octets_.clear();
  if (verdicts == 0) return;  // a list of none is left out
  std::array<std::uint8_t, kMaxHeadOctets> head{};
  std::uint8_t* end = CodedOutputStream::WriteTagToArray(
      TagOf(v1::BatchCheckResponse::kVerdictsFieldNumber), head.data());
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(verdicts), end);
  octets_.append(head.data(), end);
}

void BatchCheckWriter::Add(Verdict verdict) {
  static_assert(v1::Verdict_MAX < 0x80, "takes more than one octet");
  octets_ += static_cast<char>(ToProto(verdict));
}

grpc::ByteBuffer BatchCheckWriter::Message() const {
  const grpc::Slice slice(octets_);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace bounced::api
