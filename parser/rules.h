// What texts and codes mean, as data: the files in parser/rules/. README, "Rules", has the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "parser/report.h"

namespace bounced {

class RuleBook;

// What is known of one recipient before it is classified. Views are good for the call only.
struct Symptoms {
  Kind kind = Kind::kBounce;
  std::optional<EnhancedStatus> enhanced_status = std::nullopt;  // the most exact one
  std::optional<int> reply_code = std::nullopt;
  Stage stage = Stage::kUnknown;
  std::string_view text = "";  // the diagnostic, or the words that stand for it
  // Whose words they are, as far as the report says: rules about one provider fire for its servers
  // alone.
  std::string_view remote_mta = "";     // the remote server's name
  std::string_view narration = "";      // what may name it: "host mx.example[192.0.2.1] said: ..."
  std::string_view reporting_mta = "";  // the host that reports
  // What else the status says of the recipient, and of the message.
  std::span<const FurtherField> fields = {};
  std::span<const FurtherField> message_fields = {};
};

// Who wrote a rule. At the same kind of evidence an operator's comes before ours.
enum class RuleOrigin : std::uint8_t { kBuiltIn = 0, kOperator = 1 };

// A text that ships with a rule, and what it must be classified as.
struct RuleExample {
  std::string rule;              // the rule that must win; empty: any with `reason`
  std::string text;              // codes and all, as a server says it
  std::optional<Reason> reason;  // none: does not matter
  std::string source;            // file, line and rule it stands in, for messages
  Stage stage = Stage::kUnknown;
  Persistence persistence = Persistence::kUnknown;  // kUnknown: does not matter
  // Where `source` says that it stands.
  std::string file = {};
  int line = 0;
  std::string owner = {};  // the id of the rule that it stands in
  RuleOrigin origin = RuleOrigin::kBuiltIn;
  std::optional<int> provider;            // of those that the files describe; none: whoever says it
  std::string remote_mta;                 // a server of that provider's, for Symptoms
  std::vector<FurtherField> fields = {};  // for Symptoms, too
};

// What there is to know of a rule without its conditions.
struct RuleInfo {
  std::string id;
  std::optional<Reason> reason;  // none: it says only that trying again is worth while
  std::string source;            // "FILE:LINE"
  RuleOrigin origin = RuleOrigin::kBuiltIn;
};

// What is wrong with a file of rules, and where.
struct RuleProblem {
  std::string file;
  int line = 0;      // 0: the file as a whole
  std::string rule;  // empty: no rule in particular
  std::string what;
};
// `FILE:LINE: rule "ID": WHAT`, without what is not known.
std::string ToString(const RuleProblem& problem);

// All rules, compiled so that one pass over a text finds the matches of thousands.
//
// Immutable, so one object serves every thread.
class RuleSet {
 public:
  // Octets of a text that are looked at; the rest can't change the answer.
  static constexpr std::size_t kMaxTextOctets = 32 << 10;

  struct File {
    std::string name;
    std::string content;
  };
  // The files that are compiled into the program.
  static std::shared_ptr<const RuleSet> BuiltIn();
  // INVALID_ARGUMENT names file, line, rule and what is wrong: unknown keys, an unknown reason, an
  // id twice, no example, no phrase, a provider that no file describes.
  static absl::StatusOr<std::shared_ptr<const RuleSet>> Load(const std::vector<File>& files);
  // Our files, and with them those of an operator, which are read by the same rules. None: there
  // are problems, and `problems` gets all of them; of a file that is no TOML the first.
  static std::shared_ptr<const RuleSet> LoadWithBuiltIn(const std::vector<File>& operator_files,
                                                        std::vector<RuleProblem>& problems);

  ~RuleSet();

  // The rule that wins, by the order of evidence: a provider's own text over any other, text over
  // enhanced status over reply code and stage over class digit; among rules of one kind of evidence
  // an operator's over ours, whatever their priorities, and an operator's text counts as a
  // provider's; README, "Rules", has it in full. What is no bounce is classified by its
  // kind alone. Always answers: a text that no rule knows is `unclassified`, nothing at all
  // `undefined`. A reason that is hard becomes soft, and counts, when a code or the text says that
  // the failure is transient. What was refused before RCPT is never the recipient's fault. Linear
  // in the text: tens of microseconds for a usual diagnostic, a few milliseconds for kMaxTextOctets
  // of nothing but phrases.
  //
  // `candidates`, unless null, gets the rules that did not win although something spoke for them.
  Classification Classify(const Symptoms& symptoms,
                          std::vector<Candidate>* candidates = nullptr) const;

  // The examples and counter-examples of all rules.
  const std::vector<RuleExample>& examples() const;
  std::size_t size() const;
  // In the order of their files: ours, then an operator's.
  const std::vector<RuleInfo>& rules() const;

 private:
  struct Compiled;
  static std::shared_ptr<const RuleSet> Compile(RuleBook book);
  explicit RuleSet(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace bounced
