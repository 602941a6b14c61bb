// The API as a client in C++ sees it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bounced/v1/bounce.pb.h"
#include "bounced/v1/return_path.pb.h"
#include "bounced/v1/suppression.pb.h"

namespace bounced::e2e {

// Calls of the API, with a deadline each. A call that fails ends the test: it throws the status.
// Thread-safe.
class ApiClient {
 public:
  explicit ApiClient(const std::string& server);
  ~ApiClient();

  // A signed return path at the first domain of the configuration.
  std::string Mint(const std::string& recipient,
                   v1::ReturnPathForm form = v1::RETURN_PATH_FORM_UNSPECIFIED,
                   const std::string& reference = "");
  v1::Verdict Check(const std::string& address, const std::string& stream = "");
  v1::CheckResponse CheckWithSuppression(const std::string& address);
  v1::ExplainResponse Explain(const std::string& address);
  // All pages of ListEvents; of one address when it is given, else of all.
  std::vector<v1::Event> Events(const std::string& address = "");
  // All pages of ListSuppressions.
  std::vector<v1::Suppression> Suppressions();
  // All of ExportSuppressions.
  std::vector<v1::Suppression> Export();
  std::string Evidence(std::int64_t event_id);
  // How many events were received, and suppressions made, at `since` or later.
  std::size_t CountEventsSince(std::chrono::system_clock::time_point since);
  std::size_t CountSuppressionsSince(std::chrono::system_clock::time_point since);
  // How many of the addresses are suppressed.
  std::size_t CountSuppressed(const std::vector<std::string>& addresses);
  v1::DeleteSuppressionResponse Delete(const std::string& address);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace bounced::e2e
