// The content of one part, and where in the message it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "parser/mime/charset.h"
#include "parser/mime/transfer_encoding.h"
#include "parser/report.h"

namespace bounced {

// A view into the message where the content stands there as it is, else a copy, decoded. Either
// way SpanOf() says where a piece of it came from. The message must outlive it.
class Body {
 public:
  Body() = default;

  // `raw` starts `offset` octets into the message. `budget` bounds what is decoded and is lowered
  // by what was; `complete` says whether it was enough.
  static Body Decode(std::string_view raw, std::size_t offset, TransferEncoding encoding,
                     std::size_t& budget) {
    Body body;
    body.raw_ = raw;
    body.offset_ = offset;
    if (encoding == TransferEncoding::kIdentity) return body;
    body.is_copy_ = true;
    // One octet more than there may be, to see whether there is more.
    body.copy_ = encoding == TransferEncoding::kBase64 ? DecodeBase64(raw, budget + 1)
                                                       : DecodeQuotedPrintable(raw, budget + 1);
    body.complete_ = body.copy_.size() <= budget;
    if (!body.complete_) body.copy_.resize(budget);
    budget -= body.copy_.size();
    return body;
  }

  // The same content in UTF-8, from the charset that `label` names; no more than the first
  // `max_octets` of it.
  Body InUtf8(std::string_view label, std::size_t max_octets) && {
    const std::string_view start = text().substr(0, max_octets);
    if (std::optional<std::string> recoded = Recode(start, label)) {
      copy_ = *std::move(recoded);
      is_copy_ = true;
    } else if (is_copy_) {
      copy_.resize(start.size());
    } else {
      raw_ = start;
    }
    return std::move(*this);
  }

  // Leaves the first `octets` of text().
  void Cut(std::size_t octets) {
    if (is_copy_) {
      copy_.resize(std::min(octets, copy_.size()));
    } else {
      raw_ = raw_.substr(0, octets);
    }
  }

  // The same place with another text, which was made of it.
  Body With(std::string text) && {
    copy_ = std::move(text);
    is_copy_ = true;
    return std::move(*this);
  }

  std::string_view text() const { return is_copy_ ? std::string_view(copy_) : raw_; }
  bool complete() const { return complete_; }

  // `piece` is a part of text(). In a copy, all of the encoded content is its place.
  Span SpanOf(std::string_view piece) const {
    if (is_copy_) return MakeSpan(offset_, raw_.size());
    return MakeSpan(offset_ + static_cast<std::size_t>(piece.data() - raw_.data()), piece.size());
  }

 private:
  // Parse() reads no more of a message than 32 bits can count.
  static Span MakeSpan(std::size_t offset, std::size_t length) {
    return {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)};
  }

  std::string_view raw_;
  std::size_t offset_ = 0;
  std::string copy_;
  bool is_copy_ = false;
  bool complete_ = true;
};

}  // namespace bounced
