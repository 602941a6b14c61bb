// A diagnostic in the one spelling that rules are written against, with the way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bounced {

// Servers say the same thing in many spellings, so rules see a text folded:
//   - characters are composed (NFC), where marks or parts of Korean syllables stand on their own;
//   - letters of ASCII, Cyrillic and Greek are lower case;
//   - Latin and Greek letters are without their accents ("über", "não"), so a phrase finds its text
//     with and without them; other octets stay as they are;
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
  FoldedText(FoldedText&&) = default;

  std::string_view text() const { return folded_; }
  // Whether anything is left that could be a word: a code or a number alone is none.
  bool has_words() const;
  // The octets of the original that [begin, end) of text() stands for; begin < end <= size.
  std::string_view Original(std::size_t begin, std::size_t end) const;

 private:
  // Most octets stand for one octet each, one behind the other. One that does not: folded octet
  // `at` stands for [begin, end) of the source, and those behind it go on from there.
  struct Step {
    std::uint32_t at;
    std::uint32_t begin;
    std::uint32_t end;
  };

  // The text in NFC, where it was not.
  struct Composed {
    // Octets [at, at + size) stand for [begin, end) of the original.
    struct Piece {
      std::uint32_t at;
      std::uint32_t size;
      std::uint32_t begin;
      std::uint32_t end;
    };
    std::string text;
    std::vector<Piece> pieces;  // those that differ

    // Where in the original the octet begins, and ends.
    std::pair<std::size_t, std::size_t> PlaceOf(std::size_t octet) const;
  };

  void Fold();
  void Compose();
  bool AtTokenStart() const { return size_ == 0 || folded_[size_ - 1] == ' '; }
  std::size_t FoldRun(std::size_t at);
  std::size_t FoldDigit(std::size_t at, bool line_start);
  std::size_t FoldMailbox(std::size_t at);
  std::size_t FoldCharacter(std::size_t at);
  // Folds [begin, end) of the source to `c`, which is in its folded spelling.
  void Put(char c, std::size_t begin, std::size_t end);
  void PutBlank(std::size_t begin, std::size_t end);
  // Lets the last octet stand for what follows it, too, if that is [begin, end).
  void Extend(std::size_t begin, std::size_t end);
  void TakeBack();
  void AddStep(std::size_t octet, std::size_t begin, std::size_t end);

  std::size_t BeginOf(std::size_t octet) const;
  std::size_t EndOf(std::size_t octet) const;
  const Step* StepBefore(std::size_t octet) const;

  std::string_view original_;
  std::unique_ptr<const Composed> composed_;  // null: the original is folded as it is
  std::string_view source_;                   // what is folded: the one or the other
  bool wants_composing_ = false;
  std::string folded_;
  std::size_t size_ = 0;        // of what is folded so far
  std::size_t folded_end_ = 0;  // where the last folded octet's source ends
  std::vector<Step> steps_;
};

}  // namespace bounced
