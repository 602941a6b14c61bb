#include "tests/simulation/world.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "sqlite3.h"
#include "storage/store.h"
#include "tests/simulation/violation.h"

namespace bounced::simulation {
namespace {

namespace fs = std::filesystem;

// The same in each process, so that a seed does the same in all of them.
constexpr std::int64_t kSecret = 4'711;

ReturnPaths MakePaths() {
  std::vector<ReturnPathDomain> domains;
  for (const std::string& tenant : World::tenants()) {
    for (const Use use : {Use::kReturnPath, Use::kUnsubscribe}) {
      ReturnPathDomain domain;
      domain.domain = World::DomainOf(tenant);
      domain.use = use;
      if (use == Use::kUnsubscribe) domain.address = "unsubscribe@" + domain.domain;
      domain.tenant = tenant;
      domain.stream = "news";
      domain.keys = {{.id = "a", .secret = std::string(64, 'k')}};
      domains.push_back(std::move(domain));
    }
  }
  return *ReturnPaths::Create(std::move(domains));
}

std::string ReadWhole(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void FixSecrets(const std::string& file) {
  sqlite3* db = nullptr;
  const std::string sql =
      absl::StrCat("UPDATE meta SET value = ", kSecret,
                   " WHERE name IN ('index_secret', 'token_secret', 'history')");
  const bool done = sqlite3_open(file.c_str(), &db) == SQLITE_OK &&
                    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(db);
  Require(done, "the image cannot be made");
}

}  // namespace

World::World()
    : rules_(RuleSet::BuiltIn(), absl::UnixEpoch()),
      paths_(MakePaths()),
      profile_{.hostname = "bounced.example", .limits = {}} {
  // In memory where that can be: it is the simulated disk that forgets.
  const fs::path parent = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
  directory_ = (parent / "bounced-simulation-XXXXXX").string();
  Require(mkdtemp(directory_.data()) != nullptr, "no folder");
  const std::string file = DatabaseIn(directory_);
  Require(OpenSqliteStore({.directory = directory_}, absl::UnixEpoch()).ok(), "no database");
  FixSecrets(file);
  image_ = ReadWhole(file);
}

World::~World() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

const std::vector<std::string>& World::tenants() {
  static const std::vector<std::string> all = {"acme", "beta"};
  return all;
}

std::string World::MakeDirectory() const {
  const std::string file = DatabaseIn(directory_);
  for (const char* suffix : {"-wal", "-shm", "-journal"}) unlink((file + suffix).c_str());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << image_;
  return directory_;
}

}  // namespace bounced::simulation
