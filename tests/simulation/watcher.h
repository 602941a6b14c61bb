// Somebody who follows the changes of a tenant, and keeps a list by them.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "storage/store.h"
#include "tests/simulation/model.h"
#include "tests/simulation/random.h"
#include "tests/simulation/trace.h"

namespace bounced::simulation {

// Holds no more than what a client holds: the token and the list.
class Watcher {
 public:
  explicit Watcher(std::string tenant) : tenant_(std::move(tenant)) {}

  // Reads some changes on; what comes must be what the model says, and where it ends the lists must
  // agree. By chance the answer is lost on its way. Throws a Violation. The error: the store does
  // not answer.
  absl::Status Read(const Store& store, const Model& model, Random& random, Trace& trace);
  // All that there are.
  absl::Status CatchUp(const Store& store, const Model& model, Random& random, Trace& trace);

 private:
  using List = std::map<std::pair<AddressKey, StandsKey>, absl::Time>;  // to when they end

  absl::Status ReadSome(const Store& store, const Model& model, int most, bool is_lost,
                        Trace& trace);
  absl::Status BeginAnew(const Store& store, const Model& model, Trace& trace);
  void CheckList(const Model& model) const;

  const std::string tenant_;
  std::string token_;  // empty: from the first change, or anew
  List list_;
  bool is_at_the_end_ = false;
};

}  // namespace bounced::simulation
