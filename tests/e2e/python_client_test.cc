// The same answers through another language's gRPC, generated from the .proto files as they are.
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

constexpr std::string_view kProto = BOUNCED_SOURCE_DIR "/proto";

// The interpreter that has gRPC; empty: none.
std::string FindPython() {
  for (const std::string python : {"python3", "/usr/bin/python3"}) {
    try {
      if (RunProgram({python, "-c", "import grpc, google.protobuf"}).status == 0) return python;
    } catch (const std::exception&) {
      continue;
    }
  }
  return "";
}

TEST(PythonClient, SeesTheSameVerdicts) {
  const std::string python = FindPython();
  if (python.empty()) BOUNCED_SKIP("python3-grpcio and python3-protobuf are not installed");
  TempDir generated;
  std::vector<std::string> protoc = {"protoc",
                                     "-I",
                                     std::string(kProto),
                                     "--python_out=" + generated.path(),
                                     "--grpc_out=" + generated.path(),
                                     "--plugin=protoc-gen-grpc=" GRPC_PYTHON_PLUGIN};
  for (const char* name : {"taxonomy", "bounce", "report", "return_path", "suppression"}) {
    protoc.push_back(std::string(kProto) + "/bounced/v1/" + name + ".proto");
  }
  const Outcome made = RunProgram(protoc);
  ASSERT_EQ(made.status, 0) << made.err;

  Daemon daemon;
  const std::string recipient = "nobody@rcpt.example";
  const SmtpReply reply =
      daemon.Send("", daemon.Mint(recipient), Compose({.recipient = recipient}));
  ASSERT_EQ(reply.code, 250) << reply.text;
  const Outcome answer =
      RunProgram({python, BOUNCED_SOURCE_DIR "/tests/e2e/check.py", daemon.grpc_address(),
                  recipient, "reader@rcpt.example", "no address"},
                 {"PYTHONPATH=" + generated.path()});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(answer.out, "VERDICT_SUPPRESSED no_such_user\nVERDICT_SEND \nVERDICT_INVALID \n");
}

}  // namespace
}  // namespace bounced::e2e
