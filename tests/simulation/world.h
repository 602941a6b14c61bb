// What all simulations of a process share, since it takes long to make and never changes: rules,
// keys, the image of an empty database, and a folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/base/live.h"
#include "server/intake/live_rules.h"
#include "server/intake/return_path.h"
#include "server/smtp/profile.h"

namespace bounced::simulation {

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const LiveRules& rules() const { return rules_; }
  const Live<ReturnPaths>& paths() const { return paths_; }
  const smtp::Profile& profile() const { return profile_; }
  // Tenants, each with the return path domain and the unsubscribe domain of its name.
  static const std::vector<std::string>& tenants();
  static std::string DomainOf(const std::string& tenant) { return tenant + ".example"; }

  // Where the daemon's data lie: the image alone, as if nothing had been before.
  std::string MakeDirectory() const;
  static std::string DatabaseIn(const std::string& directory) { return directory + "/bounced.db"; }

 private:
  LiveRules rules_;
  Live<ReturnPaths> paths_;
  const smtp::Profile profile_;
  std::string directory_;
  std::string image_;
};

}  // namespace bounced::simulation
