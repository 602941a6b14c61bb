#include "server/cli/progress.h"

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::cli {
namespace {

constexpr absl::Duration kBetween = absl::Milliseconds(200);
constexpr std::string_view kEraseLine = "\r\x1b[K";  // ECMA-48: EL

}  // namespace

std::string Grouped(std::uint64_t count) {
  std::string digits = absl::StrCat(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

void Progress::Show(std::uint64_t done, std::string_view noun) {
  const absl::Time now = clock_.Steady();
  if (!err_.is_terminal() || now - shown_ < kBetween) return;
  shown_ = now;
  const double seconds = absl::ToDoubleSeconds(now - start_);
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(done) / seconds);
  err_.Control(kEraseLine);
  err_.Text(absl::StrCat(Grouped(done), " ", Absl(noun), ", ", Grouped(rate), " a second"));
  err_.Flush();
  visible_ = true;
}

void Progress::Clear() {
  if (visible_) err_.Control(kEraseLine);
  visible_ = false;
}

}  // namespace bounced::cli
