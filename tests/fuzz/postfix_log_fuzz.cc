// A log of anybody's making, line by line: what is handed on keeps to the bounds of the API, and is
// what protobuf takes for text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parser/text.h"
#include "require.h"
#include "server/cli/postfix_log.h"

namespace {

using namespace bounced;
using namespace bounced::cli;

void RequireWithin(const std::string& value, std::size_t octets) {
  Require(value.size() <= octets);
  Require(IsValidUtf8(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  PostfixLog log({.private_hosts = size % 2 == 0, .max_remembered_mails = 3});
  const absl::Time now = absl::FromUnixSeconds(1'794'000'000);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    v1::DeliveryAttempt attempt;
    const PostfixLine kind = log.Take(rest.substr(0, end), now, attempt);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (kind != PostfixLine::kAttempt) {
      Require(attempt.address().empty());
      continue;
    }
    Require(attempt.outcome() != v1::DELIVERY_OUTCOME_UNSPECIFIED);
    Require(!attempt.message_reference().empty());
    Require(attempt.reply_code() == 0);
    RequireWithin(attempt.address(), kMaxLoggedAddressOctets);
    RequireWithin(attempt.final_recipient(), kMaxLoggedAddressOctets);
    RequireWithin(attempt.return_path(), kMaxLoggedAddressOctets);
    RequireWithin(attempt.text(), kMaxLoggedTextOctets);
    RequireWithin(attempt.enhanced_status(), 16);
    RequireWithin(attempt.remote_mta(), 256);
    RequireWithin(attempt.reporting_mta(), 256);
    RequireWithin(attempt.message_reference(), 256);
  }
  return 0;
}
