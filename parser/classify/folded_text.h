// A diagnostic in the one spelling that rules are written against, with the way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bounced {

// Servers say the same thing in many spellings, so rules see a text folded:
//   - letters of ASCII and Cyrillic are lower case;
//   - Latin letters are without their accents ("über", "não"), so a phrase finds its text with and
//     without them; other octets stay as they are;
//   - a run of blanks, line ends, hyphens and underscores is one blank ("over-quota", "no_such"),
//     and there is none at either end; so is a no-break space; a curly apostrophe is a plain one;
//   - a mailbox is a single `@`: its words ("spam@example.net") are nobody's verdict, and its
//     length does not part the words beside it;
//   - what marks the lines of a reply (RFC 5321, 4.2.1), "550-5.1.1 ", is gone at the start of a
//     line and, where lines were joined, in the middle.
//
// Linear in the text, total. Keeps a view of the text, which must outlive it.
class FoldedText {
 public:
  explicit FoldedText(std::string_view text);

  std::string_view text() const { return folded_; }
  // Whether anything is left that could be a word: a code or a number alone is none.
  bool has_words() const;
  // The octets of the original that [begin, end) of text() stands for; begin < end <= size.
  std::string_view Original(std::size_t begin, std::size_t end) const;

 private:
  void Fold();
  bool AtTokenStart() const { return folded_.empty() || folded_.back() == ' '; }
  std::size_t FoldCharacter(std::size_t at);
  void Append(char c, std::size_t from, std::size_t length);
  std::size_t FoldMailbox(std::size_t at);

  std::string_view original_;
  std::string folded_;
  std::vector<std::uint32_t> begins_;  // of each folded octet, in the original
  std::vector<std::uint32_t> ends_;
};

}  // namespace bounced
