// Lists of any octets, in pieces of any length, read as each format: rows end, the same rows come
// out whatever the pieces, their lines never go back, and what is made of them the API takes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parser/text.h"
#include "require.h"
#include "server/cli/list_format.h"
#include "server/cli/record_reader.h"

namespace {

using namespace bounced;
using namespace bounced::cli;

constexpr std::size_t kMaxRow = 4'096;

class PiecesSource : public Source {
 public:
  PiecesSource(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    const std::size_t octets = text_.substr(0, std::min(size, piece_)).copy(buffer, size);
    text_.remove_prefix(octets);
    return octets;
  }
  bool WouldWait() override { return false; }
  void Interrupt() override {}

 private:
  std::string_view text_;
  const std::size_t piece_;
};

void TakeAll(const v1::Suppression& row) {
  Require(!row.address().empty());
  Require(IsValidUtf8(row.address()) && IsValidUtf8(row.explanation()));
  Require(row.bounce_class() != v1::BOUNCE_CLASS_BLOCK || row.source() != v1::SOURCE_BOUNCE);
}

// All fields, one after the other, and how it ended.
std::string ReadAs(std::string_view text, std::size_t piece, const ListFormat* given) {
  PiecesSource source(text, piece);
  auto records = OpenRecords(source, {.max_row_octets = kMaxRow}, FormulaGuard::kMark, PageLists());
  if (!records.ok()) return std::string(records.status().message());
  const ListFormat* format = given;
  if (format == nullptr) {
    auto detected = DetectFormat(**records);
    if (!detected.ok()) return std::string(detected.status().message());
    format = *detected;
  }
  const ListReader list(*format, (*records)->address_name(),
                        {.stream = "", .now = absl::FromUnixSeconds(1'780'272'000)});
  std::string all;
  Record record;
  std::uint64_t line = 1;
  for (;;) {
    absl::StatusOr<bool> there = (*records)->Next(record);
    if (!there.ok()) return all + std::string(there.status().message());
    if (!*there) return all;
    Require(record.line >= line);
    line = record.line;
    for (const Record::Field& field : record.fields()) {
      Require(field.value.size() <= kMaxFieldOctets && IsValidUtf8(field.value));
      all += field.name + "=" + field.value + "\n";
    }
    absl::StatusOr<ListReading> reading = list.Read(record);
    if (!reading.ok()) continue;
    Require(reading->suppressions.empty() != reading->skipped.empty());
    for (const v1::Suppression& row : reading->suppressions) TakeAll(row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::span<const ListFormat> formats = ListFormats();
  const std::size_t choice = data[0] % (formats.size() + 1);
  const ListFormat* format = choice == formats.size() ? nullptr : &formats[choice];
  const std::size_t piece = std::size_t{1} + data[1];
  Require(ReadAs(text, piece, format) ==
          ReadAs(text, std::max<std::size_t>(text.size(), 1), format));
  return 0;
}
