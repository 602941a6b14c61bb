// Files of a test.
#pragma once

#include <string>
#include <string_view>

namespace bounced::e2e {

// A directory of the test's own, which others may look into (a Postfix runs as several users).
// It goes with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }

 private:
  std::string path_;
};

// Empty when there is no such file.
std::string ReadFile(const std::string& path);
// Makes the file, or replaces what was there. Throws when it cannot be written.
void WriteFile(const std::string& path, std::string_view content, unsigned mode = 0644);

}  // namespace bounced::e2e
