#include "parser/mime/html_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view html;
  std::string_view want;
};
class HtmlTextTest : public testing::TestWithParam<Case> {};

TEST_P(HtmlTextTest, KeepsTheWords) { EXPECT_EQ(TextOfHtml(GetParam().html), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(
    D81, HtmlTextTest,
    testing::ValuesIn<Case>({
        {"Plain", "no tags", "no tags"},
        {"Blocks", "<p>a</p>b<br/>c", "\na\nb\nc"},
        {"Inline", "us<b>er</b> un<i class='x'>known</i>", "user unknown"},
        {"Cells", "<tr><td>a</td><td>b</td></tr>", "\n a  b \n"},
        {"References", "&lt;r@example.net&gt;&nbsp;&amp;&#39;&#x2019;", "<r@example.net> &'’"},
        {"NoReferences", "&nosuch; &; &#0; &#xD800; a&b", "&nosuch; &; &#0; &#xD800; a&b"},
        {"Scripts", "a<script>if (b<c) x</script>d<STYLE>p{}</Style>e", "ade"},
        {"Comments", "a<!-- <b> -->c<!-- open", "ac"},
        {"OpenTag", "a<b", "a"},
        {"OpenScript", "a<script>b", "a"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced
