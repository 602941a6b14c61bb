// Any octets are a message, and any are a key record: the first octet says how a message of ours is
// signed, what stands before the first NUL is the record, and the rest the message.
//
// Whatever they are: VerifyDkim() asks only for what it has no answer to, gives a bounded number of
// results of which those that are no pass have a reason, and says the same of bare LF and of CR LF.
// A message that is signed here and has one From passes, and does no more when its body is longer.
// An author's domain is a canonical one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../authentication/dkim_signer.h"
#include "parser/address.h"
#include "parser/text.h"
#include "require.h"
#include "server/authentication/dkim.h"
#include "server/authentication/dmarc.h"
#include "server/authentication/message_fields.h"

namespace {

using bounced::DkimOutcome;
using bounced::DkimResult;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

std::vector<DkimResult> Verify(std::string_view message, const std::string& record) {
  bounced::dns::Lookups lookups;
  std::optional<std::vector<DkimResult>> results = bounced::VerifyDkim(message, kNow, lookups);
  const std::vector<bounced::dns::Question> asked = lookups.TakeAsked();
  Require(results.has_value() == asked.empty());
  Require(asked.size() <= bounced::kMaxSignatures);
  if (results) return *std::move(results);
  for (const bounced::dns::Question& question : asked) {
    lookups.Set(question, {.outcome = bounced::dns::Outcome::kFound, .texts = {record}});
  }
  results = bounced::VerifyDkim(message, kNow, lookups);
  Require(results.has_value() && lookups.TakeAsked().empty());
  return *std::move(results);
}

void Check(const std::vector<DkimResult>& results) {
  Require(!results.empty() && results.size() <= bounced::kMaxSignatures + 1);
  for (const DkimResult& result : results) {
    const bool passes = result.outcome == DkimOutcome::kPass;
    Require(passes == result.reason.empty());
    if (passes) Require(!result.domain.empty() && !result.selector.empty());
    Require(bounced::IsValidUtf8(result.identity));
  }
}

std::string WithCrLf(std::string_view message) {
  std::string result;
  for (const char c : message) {
    if (c == '\n' && !result.ends_with('\r')) result += '\r';
    result += c;
  }
  return result;
}

bool SameResult(const DkimResult& a, const DkimResult& b) {
  return a.outcome == b.outcome && a.reason == b.reason;
}

void CheckSigned(std::string_view message, unsigned choice) {
  static const bounced::PrivateKey key =
      bounced::PrivateKey::Ed25519("0123456789abcdef0123456789abcdef");
  static const std::string record = "k=ed25519; p=" + key.Public();
  const bounced::MessageFields parts = bounced::SplitMessage(message);
  if (!parts.fault.empty()) return;
  constexpr std::size_t kRoomForTheSignature = 1000;
  const std::size_t header = message.size() - parts.body.size();
  if (header + kRoomForTheSignature > bounced::kMaxAuthenticatedHeaderOctets) return;
  const auto is_from = [](const bounced::MessageField& field) {
    return bounced::EqualsIgnoringCase(field.name, "from");
  };
  if (std::count_if(parts.fields.begin(), parts.fields.end(), is_from) != 1) return;
  const std::string tags = std::string("v=1; a=ed25519-sha256; d=a.example; s=b; h=from; c=") +
                           (choice & 1 ? "simple" : "relaxed") +
                           (choice & 2 ? "/simple" : "/relaxed");
  std::string signed_message = bounced::Sign(message, tags, key);
  Require(Verify(signed_message, record)[0].outcome == DkimOutcome::kPass);
  if (parts.body.empty()) return;  // there may be no empty line
  signed_message += "\r\nx";
  Require(Verify(signed_message, record)[0].outcome == DkimOutcome::kFail);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string record(input.substr(0, input.find('\0')));
  input.remove_prefix(std::min(record.size() + 1, input.size()));

  const std::vector<DkimResult> results = Verify(input, record);
  Check(results);
  const std::vector<DkimResult> same = Verify(WithCrLf(input), record);
  Require(std::equal(results.begin(), results.end(), same.begin(), same.end(), SameResult));
  CheckSigned(input, data[0]);
  if (const std::optional<std::string> domain = bounced::AuthorDomain(input)) {
    Require(bounced::CanonicalDomain(*domain).value_or("") == *domain);
  }
  return 0;
}
