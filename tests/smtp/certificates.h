// Certificates for tests, made by the openssl program.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "server/smtp/tls.h"

namespace bounced::smtp {

// A folder of its own, gone at the end.
class Certificates {
 public:
  Certificates() {
    std::string name = testing::TempDir() + "certificates-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return folder_ / file; }

  // `name`.crt and `name`.key, for the host `host`. `key`: as `openssl req -newkey` takes it.
  CertificateFiles Make(const std::string& name, const std::string& host,
                        const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256",
                        const std::string& more = "-nodes -days 30") const {
    CertificateFiles files{path(name + ".crt"), path(name + ".key")};
    const std::string command = "openssl req -x509 -newkey " + key + " " + more +
                                " -subj /CN=" + name + " -addext subjectAltName=DNS:" + host +
                                " -out " + files.chain_file + " -keyout " + files.key_file +
                                " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    ::chmod(files.key_file.c_str(), 0600);
    return files;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace bounced::smtp
