// Whose server it was that spoke: mailbox providers, by the names of their hosts and by their
// words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/classify/text_evidence.h"
#include "parser/rules.h"
#include "parser/text.h"

namespace bounced {

// A provider as the files of rules describe it.
struct Provider {
  std::string name;
  // Host names and domains, lower case; a domain stands for every host below it.
  std::vector<std::string> hosts;
  // Phrases that no other provider writes, by which one that is not named is known.
  std::vector<int> marks;
};

// The host that `text` says has spoken: "host mx.example[192.0.2.1] said: 550", "while talking to
// mx.example.:". Of several the last, as it is whose reply is quoted. Empty: none. Linear.
std::string_view HostThatSpoke(std::string_view text);

// Finds providers by their place in the list that it was made of.
class ProviderTable {
 public:
  explicit ProviderTable(const std::vector<Provider>& providers);

  // The provider that `host`, in any case and with or without a dot at its end, belongs to.
  std::optional<int> OfHost(std::string_view host) const;
  // The provider that said what `symptoms` tell: the remote server by its name; else the host that
  // the narration names; else one whose mark stands in `text`; and only where no remote host is
  // named at all, the one that reports.
  std::optional<int> Of(const Symptoms& symptoms, const TextEvidence& text) const;

 private:
  StringMap<int> by_host_;
  std::vector<std::pair<int, int>> by_mark_;  // phrase and provider, in the order of the phrases
};

}  // namespace bounced
