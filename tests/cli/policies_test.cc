// bouncectl apply and policies, against a server that answers what the test says.

#include <string>
#include <vector>

#include "tests/cli/fixture.h"

namespace bounced::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class PoliciesTest : public BouncectlTest {
 protected:
  void AddChange(const std::string& tenant, const std::string& stream) {
    v1::PolicyChange& change = *server_.admin.applied.add_changes();
    change.set_tenant(tenant);
    change.set_stream(stream);
    change.set_key("hard_days");
    change.set_before("7");
    change.set_after("14");
  }
};

TEST_F(PoliciesTest, ApplySendsTheFileAndSaysWhatChanges) {
  const std::string file = folder_.Write("policies.toml", "[[tenant]]\nname = 'acme'\n");
  AddChange("acme", "");
  AddChange("acme", "news");
  server_.admin.applied.set_revision(4);
  Outcome outcome = Run({"apply", file, "--dry-run"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "acme\thard_days\t7\t->\t14\nacme/news\thard_days\t7\t->\t14\n");
  EXPECT_EQ(outcome.err, "this would change; revision 4 stays\n");
  outcome = Run({"apply", file, "--onto", "3", "--cause", "a trial"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "in force; revision 4\n");
  ASSERT_EQ(server_.admin.applications.size(), 2u);
  const v1::ApplyPoliciesRequest& dry = server_.admin.applications[0];
  EXPECT_EQ(dry.document(), "[[tenant]]\nname = 'acme'\n");
  EXPECT_TRUE(dry.dry_run());
  EXPECT_FALSE(dry.has_onto());
  const v1::ApplyPoliciesRequest& real = server_.admin.applications[1];
  EXPECT_FALSE(real.dry_run());
  EXPECT_EQ(real.onto(), 3);
  EXPECT_EQ(real.cause(), "a trial");
  EXPECT_FALSE(real.author().empty());

  outcome = Run({"apply", file, "--json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out,
              HasSubstr(R"({"changes":[{"tenant":"acme","stream":"","key":"hard_days")"));
}

// A pipe whose left side failed, or a file that was cut, must not put away all that was applied.
TEST_F(PoliciesTest, ADocumentWithoutPoliciesIsRefusedUnlessItIsMeant) {
  for (const char* document : {"", "\n", "# nobody's\n\t \r\n  # at all"}) {
    const std::string file = folder_.Write("policies.toml", document);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"apply", file}, {"apply", file, "--dry-run"}}) {
      const Outcome outcome = Run(arguments);
      EXPECT_EQ(outcome.code, 2) << document;
      EXPECT_THAT(outcome.err, HasSubstr(file + ": no policy is in it"));
      EXPECT_THAT(outcome.err, HasSubstr("--remove-all"));
    }
  }
  EXPECT_THAT(server_.admin.applications, IsEmpty());
  const Outcome meant = Run({"apply", folder_.Write("policies.toml", "# none"), "--remove-all"});
  EXPECT_EQ(meant.code, 0) << meant.err;
  ASSERT_EQ(server_.admin.applications.size(), 1u);
  EXPECT_EQ(server_.admin.applications[0].document(), "# none");
  EXPECT_EQ(Run({"apply", folder_.Write("policies.toml", "# a\n[[tenant]]\nname = 'b'")}).code, 0);
}

TEST_F(PoliciesTest, ADocumentIsUtf8) {
  const Outcome outcome = Run({"apply", folder_.Write("latin.toml", "# \xE4\ntenant = []\n")});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("latin.toml: not UTF-8"));
  EXPECT_THAT(server_.admin.applications, IsEmpty());
}

TEST_F(PoliciesTest, NothingToChangeIsDone) {
  const std::string file = folder_.Write("policies.toml", "tenant = []\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"apply", file}, {"apply", file, "--dry-run"}}) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("nothing changes"));
  }
}

TEST_F(PoliciesTest, ApplySaysWhyItWasRefused) {
  const std::string file = folder_.Write("policies.toml", "x");
  const struct {
    grpc::StatusCode status;
    int code;
  } cases[] = {
      {grpc::StatusCode::INVALID_ARGUMENT, 2},
      {grpc::StatusCode::FAILED_PRECONDITION, 1},
      {grpc::StatusCode::ABORTED, 1},
      {grpc::StatusCode::PERMISSION_DENIED, 3},
  };
  for (const auto& c : cases) {
    server_.admin.apply_status = {c.status, "because"};
    const Outcome outcome = Run({"apply", file});
    EXPECT_EQ(outcome.code, c.code) << c.status;
    EXPECT_THAT(outcome.err, HasSubstr(file + ": because"));
  }
  EXPECT_EQ(Run({"apply", folder_ / "none"}).code, 2);
  EXPECT_EQ(Run({"apply", folder_.Write("long", std::string((1 << 20) + 1, 'x'))}).code, 2);
}

TEST_F(PoliciesTest, PoliciesShowsThoseInForce) {
  v1::PolicyInForce& all = *server_.admin.policies.add_policies();
  all.set_configured(true);
  v1::PolicyInForce& news = *server_.admin.policies.add_policies();
  news.set_tenant("acme");
  news.set_stream("news");
  for (v1::PolicyInForce* policy : {&all, &news}) {
    for (const char* key : {"hard_days", "soft_days"}) {
      v1::PolicySetting& setting = *policy->add_settings();
      setting.set_key(key);
      setting.set_value("7");
    }
  }
  server_.admin.policies.set_document("# what was applied\n");
  Outcome outcome = Run({"policies"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(
      outcome.out,
      "*\tconfigured\thard_days=7 soft_days=7\nacme/news\tapplied\thard_days=7 soft_days=7\n");
  outcome = Run({"policies", "--document", "--revision", "3"});
  EXPECT_EQ(outcome.out, "# what was applied\n");
  EXPECT_EQ(server_.admin.asked.back().revision(), 3);
  EXPECT_EQ(Run({"policies", "--revision", "3"}).code, 2);
}

TEST_F(PoliciesTest, PoliciesListsRevisionsPageByPage) {
  for (int i = 2; i > 0; --i) {
    v1::PolicyRevision& revision = server_.admin.revisions.emplace_back();
    revision.set_revision(i);
    revision.set_author("ann");
    revision.mutable_apply_time()->set_seconds(1'767'225'600);
  }
  const Outcome outcome = Run({"policies", "--revisions"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "2\t2026-01-01T00:00:00.000000Z\tann\t-\n1\t2026-01-01T00:00:00.000000Z\tann\t-\n");
}

}  // namespace
}  // namespace bounced::cli
