#include "server/authentication/dkim.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "parser/text.h"
#include "server/authentication/dkim/canonicalization.h"
#include "server/authentication/dkim/key_record.h"
#include "server/authentication/dkim/signature.h"
#include "server/authentication/message_fields.h"
#include "server/base/sha256.h"

namespace bounced {
namespace {

using Finding = std::optional<DkimFinding>;

Finding Policy(std::string_view reason) { return DkimFinding{DkimOutcome::kPolicy, reason}; }
Finding Fail(std::string_view reason) { return DkimFinding{DkimOutcome::kFail, reason}; }

constexpr std::string_view kSignatureField = "dkim-signature";

// A message has them once at most (RFC 5322, 3.6; RFC 2045, 3).
constexpr std::string_view kSingleFields[] = {"from",
                                              "sender",
                                              "reply-to",
                                              "to",
                                              "cc",
                                              "subject",
                                              "date",
                                              "message-id",
                                              "in-reply-to",
                                              "references",
                                              "mime-version",
                                              "content-type",
                                              "content-transfer-encoding"};

// The fields of a message by their names, in lower case.
using Places = StringMap<std::vector<std::size_t>>;

struct Candidate {
  std::size_t place;  // of its field
  DkimSignature signature = {};
  Finding finding = {};
};

class Verifier {
 public:
  Verifier(const MessageFields& message, absl::Time now, dns::Lookups& lookups)
      : message_(message), now_(now), lookups_(lookups) {
    for (std::size_t i = 0; i < message.fields.size(); ++i) {
      places_[FoldCase(message.fields[i].name)].push_back(i);
    }
  }

  std::optional<std::vector<DkimResult>> Verify() {
    const auto found = places_.find(kSignatureField);
    if (found == places_.end()) return {{{DkimOutcome::kNone, "the message is not signed"}}};
    const std::vector<std::size_t>& places = found->second;
    std::vector<Candidate> candidates;
    bool is_answered = true;
    for (std::size_t i = 0; i < std::min(places.size(), kMaxSignatures); ++i) {
      Candidate& candidate = candidates.emplace_back(Candidate{places[i]});
      DkimSignature& signature = candidate.signature;
      candidate.finding = ReadSignature(message_.fields[places[i]].text, signature);
      if (!candidate.finding) candidate.finding = CheckAcceptable(signature);
      // All that is wanted from DNS is asked for at once, before anything takes time.
      if (candidate.finding) continue;
      is_answered &= lookups_.Find(signature.key_name, dns::Type::kTxt) != nullptr;
    }
    if (!is_answered) return std::nullopt;
    std::vector<DkimResult> results;
    for (Candidate& candidate : candidates) results.push_back(Evaluate(candidate));
    if (places.size() > kMaxSignatures) {
      results.push_back({DkimOutcome::kPolicy, "there are more signatures than are looked at"});
    }
    return results;
  }

 private:
  struct Body {
    Sha256::Digest digest;
    std::uint64_t octets;
  };

  Finding CheckAcceptable(const DkimSignature& signature) const {
    if (signature.algorithm == SigningAlgorithm::kRsaSha1) return Policy("SHA-1 is broken");
    if (signature.expires && now_ > *signature.expires) return Policy("the signature has expired");
    if (signature.signed_at && *signature.signed_at > now_ + kMaxClockSkew) {
      return Policy("the signature is of the future");
    }
    if (!places_.contains("from")) {
      return DkimFinding{DkimOutcome::kPermerror, "the message has no From"};
    }
    const std::vector<std::string>& names = signature.field_names;
    for (const std::string_view name : kSingleFields) {
      const auto found = places_.find(name);
      if (found == places_.end() || found->second.size() < 2) continue;
      const auto is_signed = std::count(names.begin(), names.end(), name);
      if (is_signed > 0 && static_cast<std::size_t>(is_signed) < found->second.size()) {
        return Policy("a field stands once more than is signed");
      }
    }
    return std::nullopt;
  }

  DkimResult Evaluate(Candidate& candidate) {
    DkimSignature& signature = candidate.signature;
    if (!candidate.finding) candidate.finding = VerifySignature(candidate);
    const DkimFinding finding = candidate.finding.value_or(DkimFinding{DkimOutcome::kPass, ""});
    return {finding.outcome, finding.reason, std::move(signature.domain),
            std::move(signature.identity), std::move(signature.selector)};
  }

  // None: it passes.
  Finding VerifySignature(const Candidate& candidate) {
    const DkimSignature& signature = candidate.signature;
    KeyRecord record;
    if (Finding finding = FindKey(signature.key_name, record)) return finding;
    if (Finding finding = CheckKey(record, signature)) return finding;
    if (Finding finding = CheckBody(signature)) return finding;
    const bool verifies = record.key->Verifies(HashFields(candidate), signature.signature);
    return verifies ? std::nullopt : Fail("the header is not what was signed");
  }

  // Of several records the first that is a key counts (RFC 6376, 3.6.2.2 leaves it open).
  Finding FindKey(const std::string& name, KeyRecord& record) const {
    const dns::Answer& answer = *lookups_.Find(name, dns::Type::kTxt);
    if (answer.outcome == dns::Outcome::kFailed) {
      return DkimFinding{DkimOutcome::kTemperror, "DNS does not give the key now"};
    }
    Finding finding = DkimFinding{DkimOutcome::kPermerror, "there is no key"};
    for (const std::string& text : answer.texts) {
      record = KeyRecord();
      const Finding wrong = ReadKeyRecord(text, record);
      if (!wrong) return std::nullopt;
      if (&text == answer.texts.data()) finding = wrong;
    }
    return finding;
  }

  Finding CheckBody(const DkimSignature& signature) {
    const Body& body = HashBody(signature.body_canonicalization);
    // RFC 6376, 8.2: what stands behind l= may be anybody's.
    if (signature.body_octets && *signature.body_octets < body.octets) {
      return Policy("only a part of the body is signed (l=)");
    }
    const std::string_view digest(reinterpret_cast<const char*>(body.digest.data()),
                                  body.digest.size());
    const bool is_signed =
        signature.body_octets.value_or(body.octets) == body.octets && signature.body_hash == digest;
    return is_signed ? std::nullopt : Fail("the body is not what was signed");
  }

  const Body& HashBody(Canonicalization canonicalization) {
    std::optional<Body>& body = bodies_[static_cast<std::size_t>(canonicalization)];
    if (body) return *body;
    Sha256 hash;
    std::uint64_t octets = 0;
    CanonicalizeBody(canonicalization, message_.body, [&](std::string_view piece) {
      hash.Add(piece);
      octets += piece.size();
    });
    return body.emplace(Body{hash.Finish(), octets});
  }

  // RFC 6376, 3.7 and 5.4.2: of fields of one name the last comes first, and where there are no
  // more it is nothing. The signature itself comes last, without b=.
  Sha256::Digest HashFields(const Candidate& candidate) const {
    const DkimSignature& signature = candidate.signature;
    const auto canonical = [&](std::string_view field) {
      return CanonicalField(signature.header_canonicalization, field);
    };
    Sha256 hash;
    StringMap<std::size_t> taken;
    for (const std::string& name : signature.field_names) {
      const auto found = places_.find(name);
      if (found == places_.end()) continue;
      const std::vector<std::size_t>& places = found->second;
      std::size_t& count = taken[name];
      if (count < places.size() && places[places.size() - 1 - count] == candidate.place) ++count;
      if (count == places.size()) continue;
      hash.Add(canonical(message_.fields[places[places.size() - 1 - count]].text));
      hash.Add("\r\n");
      ++count;
    }
    const std::string_view own = message_.fields[candidate.place].text;
    const std::string_view b = signature.signature_field;
    const auto begin = static_cast<std::size_t>(b.data() - own.data());
    std::string without(own.substr(0, begin));
    without += own.substr(begin + b.size());
    hash.Add(canonical(without));
    return hash.Finish();
  }

  const MessageFields& message_;
  const absl::Time now_;
  dns::Lookups& lookups_;
  Places places_;
  std::array<std::optional<Body>, 2> bodies_;  // by Canonicalization
};

}  // namespace

std::string_view Name(DkimOutcome outcome) {
  constexpr std::string_view kNames[] = {"none",    "pass",      "fail",     "policy",
                                         "neutral", "temperror", "permerror"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::optional<std::vector<DkimResult>> VerifyDkim(std::string_view message, absl::Time now,
                                                  dns::Lookups& lookups) {
  const MessageFields fields = SplitMessage(message);
  if (!fields.fault.empty()) return {{{DkimOutcome::kNeutral, fields.fault}}};
  return Verifier(fields, now, lookups).Verify();
}

}  // namespace bounced
