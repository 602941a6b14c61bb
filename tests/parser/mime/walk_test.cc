#include "parser/mime/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace bounced {
namespace {

struct Walked {
  std::vector<Part> parts;
  std::vector<Remark> remarks;

  bool Remarked(std::string_view text) const {
    return std::any_of(remarks.begin(), remarks.end(),
                       [text](const Remark& remark) { return remark.text == text; });
  }
};

// `message` must outlive the result.
Walked Walk(std::string_view message, const ParserLimits& limits = {}) {
  Remarks remarks(limits.max_remarks);
  std::vector<Part> parts = WalkParts(message, limits, remarks);
  return {std::move(parts), std::move(remarks).Take()};
}

// "type:body" of each leaf, in order.
std::string Leaves(const Walked& walked) {
  std::string leaves;
  for (const Part& part : walked.parts) {
    if (part.type.IsMultipart()) continue;
    leaves += part.type.type + ":" + std::string(part.body) + "|";
  }
  return leaves;
}

struct Case {
  std::string_view name;
  std::string_view message;
  std::string_view want;
};
class WalkTest : public testing::TestWithParam<Case> {};

TEST_P(WalkTest, FindsTheLeaves) { EXPECT_EQ(Leaves(Walk(GetParam().message)), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(
    D3_D9_D11_D58_D97, WalkTest,
    testing::ValuesIn<Case>({
        {"Empty", "", "text/plain:|"},
        {"HeaderWithoutBody", "Subject: x\r\n", "text/plain:|"},
        {"BodyWithoutHeader", "Hello,\r\nyou there\r\n", "text/plain:Hello,\r\nyou there\r\n|"},
        {"EmptyHeader", "\nHello", "text/plain:Hello|"},
        {"Plain", "Subject: x\n\nHello", "text/plain:Hello|"},
        {"MboxLine", "From x@y Sat Jun  9 14:56:09 2018\nContent-Type: text/html\n\nHello",
         "text/html:Hello|"},
        {"OddLineInTheHeader", "Subject: x\nnonsense\nContent-Type: text/html\n\nHello",
         "text/html:Hello|"},
        {"HeaderWithoutABlankLine", "Subject: x\nHello you\nand you",
         "text/plain:Hello you\nand you|"},
        {"TheFirstContentType", "Content-Type: text/html\nContent-Type: text/plain\n\nx",
         "text/html:x|"},
        {"Multipart",
         "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\n"
         "Content-Type: text/html\n\ntwo\n--b--\nepilogue",
         "text/plain:one|text/html:two|"},
        {"CrLf", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
         "text/plain:one|"},
        {"BlanksBehindTheBoundary",
         "Content-Type: multipart/mixed; boundary=b\n\n--b  \t\n\none\n--b-- \n",
         "text/plain:one|"},
        {"PrefixBoundaries",
         "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
         "Content-Type: multipart/mixed; "
         "boundary=bb\n\n--bb\n\ninner\n--bb--\n--b\n\nouter\n--b--\n",
         "text/plain:inner|text/plain:outer|"},
        {"InnerPrefixOfOuter",
         "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n"
         "Content-Type: multipart/mixed; boundary=b\n\n--b\n\ninner\n--bb\n\nouter\n--bb--\n",
         "text/plain:inner|text/plain:outer|"},
        {"InnerWithoutEnd",
         "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
         "Content-Type: multipart/mixed; boundary=i\n\n--i\n\ninner\n--o\n\nouter\n--o--\n",
         "text/plain:inner|text/plain:outer|"},
        {"LongerLineIsNoDelimiter",
         "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--bx\n--b--x\n--b--\n",
         "text/plain:one\n--bx\n--b--x|"},
        {"PartWithoutBlankLine",
         "Content-Type: multipart/mixed; boundary=b\n\n--b\nHello you\n--b--\n",
         "text/plain:Hello you|"},
        {"PartOfHeaderOnly",
         "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
         "text/html\n--b\n\nx\n--b--",
         "text/html:|text/plain:x|"},
        {"CutInABody", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\ntw",
         "text/plain:one\ntw|"},
        {"CutInAHeader", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/ht",
         "text/ht:|"},
        {"NoBoundary",
         "Content-Type: multipart/report\n\n--xyz\nContent-Type: text/html\n\none\n--xyz--\n",
         "text/html:one|"},
        {"WrongBoundary",
         "Content-Type: multipart/report; boundary=abc\n\n--xyz\nContent-Type: text/html\n\none\n"
         "--xyz\nContent-Type: text/plain\n\ntwo\n--xyz--\n",
         "text/html:one|text/plain:two|"},
        {"AMessageIsALeaf",
         "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
         "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i--\n--b--\n",
         "message/rfc822:Content-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i--|"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(WalkParts, SaysWhatItGuessed) {
  EXPECT_TRUE(Walk("Content-Type: multipart/report\n\n--x\nContent-Type: text/html\n\none\n")
                  .Remarked("no boundary; one was guessed"));
  EXPECT_TRUE(Walk("Content-Type: multipart/report; boundary=a\n\n--x\nContent-Type: a/b\n\none\n")
                  .Remarked("the boundary does not match; one was guessed"));
  EXPECT_TRUE(Walk("Content-Type: multipart/report; boundary=x\n\n--x\n\none\n").remarks.empty());
}

TEST(WalkParts, D12KnowsWhichPartIsCutOff) {
  const Walked walked = Walk("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo");
  ASSERT_EQ(walked.parts.size(), 3u);
  EXPECT_TRUE(walked.parts[1].closed);
  EXPECT_FALSE(walked.parts[2].closed);
  EXPECT_FALSE(walked.parts[0].closed);
}

TEST(WalkParts, D92ReadsNoMorePartsThanItsBound) {
  const auto of = [](std::size_t leaves) {
    std::string message = "Content-Type: multipart/mixed; boundary=b\n\n";
    for (std::size_t i = 0; i < leaves; ++i) message += "--b\n\nx\n";
    return message + "--b--\n";
  };
  ParserLimits limits;
  limits.max_parts = 11;  // the message itself is one
  for (const std::size_t leaves : {9u, 10u, 11u, 1000u}) {
    const std::string message = of(leaves);
    const Walked walked = Walk(message, limits);
    EXPECT_EQ(walked.parts.size(), std::min<std::size_t>(leaves, 10) + 1);
    EXPECT_EQ(walked.Remarked("bound:max_parts"), leaves > 10) << leaves;
    EXPECT_EQ(walked.parts.back().body, "x");
  }
}

TEST(WalkParts, D93TakesWhatLiesTooDeepForALeaf) {
  const auto of = [](int depth) {
    std::string message;
    for (int i = 0; i < depth; ++i) {
      const std::string boundary = "b" + std::to_string(i) + "x";
      message += "Content-Type: multipart/mixed; boundary=" + boundary + "\n\n--" + boundary + "\n";
    }
    return message + "\nx\n";
  };
  ParserLimits limits;
  limits.max_depth = 20;
  for (const int depth : {19, 20, 21, 100'000}) {
    const std::string message = of(depth);
    const Walked walked = Walk(message, limits);
    EXPECT_EQ(walked.Remarked("bound:max_depth"), depth > 20) << depth;
    EXPECT_EQ(walked.parts.size(), std::min<std::size_t>(static_cast<std::size_t>(depth), 20) + 1);
  }
}

TEST(WalkParts, D95ReadsNoMoreOfAHeaderThanItsBoundAndIsInSync) {
  ParserLimits limits;
  limits.max_header_bytes = 100;
  for (const std::size_t octets : {99u, 100u, 101u}) {
    std::string header = "X: ";
    header += std::string(octets - header.size() - 25, 'x') + "\nContent-Type: text/html\n";
    ASSERT_EQ(header.size(), octets - 0u);
    const std::string message = header + "\nbody";
    const Walked walked = Walk(message, limits);
    EXPECT_EQ(walked.Remarked("bound:max_header_bytes"), octets > 100);
    EXPECT_EQ(walked.parts[0].body, "body");
  }
}

TEST(WalkParts, D97CutsALongBoundaryForComparing) {
  ParserLimits limits;
  limits.max_boundary = 10;
  for (const std::size_t octets : {9u, 10u, 11u, 300u}) {
    const std::string boundary(octets, 'b');
    const std::string message = "Content-Type: multipart/mixed; boundary=" + boundary + "\n\n--" +
                                boundary + "\n\none\n--" + boundary + "--\n";
    const Walked walked = Walk(message, limits);
    EXPECT_EQ(Leaves(walked), "text/plain:one|");
    EXPECT_EQ(walked.Remarked("bound:max_boundary"), octets > 10);
  }
}

}  // namespace
}  // namespace bounced
