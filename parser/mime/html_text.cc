#include "parser/mime/html_text.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxReferenceOctets = 10;  // "&#x10FFFF;"

struct Reference {
  std::string_view name;
  std::string_view text;
};
constexpr Reference kReferences[] = {
    {"lt", "<"},     {"gt", ">"},     {"amp", "&"},      {"quot", "\""},  {"apos", "'"},
    {"nbsp", " "},   {"rsquo", "'"},  {"lsquo", "'"},    {"ldquo", "\""}, {"rdquo", "\""},
    {"ndash", "-"},  {"mdash", "-"},  {"hellip", "..."}, {"laquo", "«"},  {"raquo", "»"},
    {"auml", "ä"},   {"ouml", "ö"},   {"uuml", "ü"},     {"Auml", "Ä"},   {"Ouml", "Ö"},
    {"Uuml", "Ü"},   {"szlig", "ß"},  {"agrave", "à"},   {"aacute", "á"}, {"acirc", "â"},
    {"atilde", "ã"}, {"ccedil", "ç"}, {"egrave", "è"},   {"eacute", "é"}, {"ecirc", "ê"},
    {"Eacute", "É"}, {"igrave", "ì"}, {"iacute", "í"},   {"ntilde", "ñ"}, {"ograve", "ò"},
    {"oacute", "ó"}, {"ocirc", "ô"},  {"otilde", "õ"},   {"ugrave", "ù"}, {"uacute", "ú"},
    {"aring", "å"},  {"oslash", "ø"},
};

template <std::size_t kCount>
bool IsOneOf(std::string_view name, const std::string_view (&list)[kCount]) {
  return std::any_of(std::begin(list), std::end(list),
                     [name](std::string_view each) { return EqualsIgnoringCase(name, each); });
}
// Whose text is not shown, what parts lines, and what parts words.
constexpr std::string_view kHidden[] = {"script", "style", "title"};
constexpr std::string_view kBlocks[] = {"br", "p",  "div", "tr",  "li",        "table",
                                        "ul", "ol", "h1",  "h2",  "h3",        "h4",
                                        "h5", "h6", "hr",  "pre", "blockquote"};
constexpr std::string_view kCells[] = {"td", "th"};

// "br" of "<br/>", "p" of "</p>".
std::string_view TagName(std::string_view tag) {
  if (tag.starts_with('/')) tag.remove_prefix(1);
  constexpr AsciiSet kEnds(" \t\r\n/>");
  return tag.substr(0, kEnds.FirstIn(tag));
}

// Appends what the reference at the start of `s` stands for. The octets of it; 0: it is none.
std::size_t AppendReference(std::string_view s, std::string& text) {
  const std::size_t end = s.substr(0, kMaxReferenceOctets).find(';');
  if (end == s.npos) return 0;
  std::string_view name = s.substr(1, end - 1);
  if (!name.starts_with('#')) {
    for (const Reference& reference : kReferences) {
      if (name != reference.name) continue;
      text += reference.text;
      return end + 1;
    }
    return 0;
  }
  name.remove_prefix(1);
  const bool is_hexadecimal = name.starts_with('x') || name.starts_with('X');
  if (is_hexadecimal) name.remove_prefix(1);
  std::uint32_t c = 0;
  const auto parsed =
      std::from_chars(name.data(), name.data() + name.size(), c, is_hexadecimal ? 16 : 10);
  const bool is_character = c >= ' ' && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
  if (name.empty() || parsed.ptr != name.data() + name.size() || !is_character) return 0;
  char octets[U8_MAX_LENGTH];
  std::size_t length = 0;
  U8_APPEND_UNSAFE(octets, length, c);
  text.append(octets, length);
  return end + 1;
}

// Passes over the tag at `at`, and over what is not shown; appends what parts the words around it.
// Where the text goes on.
std::size_t PassTag(std::string_view html, std::size_t at, std::string& text) {
  if (html.substr(at).starts_with("<!--")) {
    const std::size_t end = html.find("-->", at);
    return end == html.npos ? html.size() : end + 3;
  }
  const std::size_t end = std::min(html.find('>', at), html.size());
  const std::string_view tag = html.substr(at + 1, end - at - 1);
  const std::string_view name = TagName(tag);
  const std::size_t behind = std::min(end + 1, html.size());
  if (!tag.starts_with('/') && IsOneOf(name, kHidden)) {
    const std::size_t closing = FindIgnoringCase(html, "</" + FoldCase(name), behind);
    return closing >= html.size() ? html.size() : closing;
  }
  if (IsOneOf(name, kBlocks)) {
    text += '\n';
  } else if (IsOneOf(name, kCells)) {
    text += ' ';
  }
  return behind;
}

}  // namespace

std::string TextOfHtml(std::string_view html) {
  std::string text;
  text.reserve(html.size());
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      at = PassTag(html, at, text);
      continue;
    }
    const std::size_t reference =
        html[at] == '&' ? AppendReference(html.substr(at), text) : std::size_t{0};
    // An ampersand that begins none is one.
    const std::size_t end = FindOctet(
        html, [](auto c) { return (c == '<') | (c == '&'); }, at + 1);
    if (reference == 0) text += html.substr(at, end - at);
    at = reference == 0 ? end : at + reference;
  }
  return text;
}

}  // namespace bounced
