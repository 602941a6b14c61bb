#include "parser/mime/charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "parser/mime/charset_guess.h"
#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxLabelOctets = 64;  // the longest registered name has 45

struct Alias {
  std::string_view label;  // lower case
  const char* converter;
};

// WHATWG Encoding, 4.2, where ICU goes by the letter of the registration, and labels that mail has
// and nobody registered.
constexpr Alias kAliases[] = {
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"iso-8859-9", "windows-1254"},
    {"iso-8859-11", "windows-874"},
    {"gb2312", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"gbk", "gb18030"},
    {"eucgb2312_cn", "gb18030"},  // Python's names for its codecs
    {"big5_tw", "big5"},
    {"x-gbk", "gb18030"},
    {"euc-kr", "windows-949"},
    {"ks_c_5601-1987", "windows-949"},
    {"ks_c_5601", "windows-949"},
    {"ksc5601", "windows-949"},
    {"shift_jis", "windows-31j"},
    {"shift-jis", "windows-31j"},
    {"sjis", "windows-31j"},
    {"x-sjis", "windows-31j"},
    {"iso-2022-jp", "ISO-2022-JP-2"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"x-unicode-2-0-utf-7", "UTF-7"},
};

struct ConverterCloser {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, ConverterCloser>;

// Labels whose texts are looked at, not believed: where they hold, UTF-8 holds as well.
bool SaysNothing(std::string_view label) {
  return label.empty() || label == "us-ascii" || label == "ascii" || label == "utf-8" ||
         label == "utf8" || label == "ansi_x3.4-1968" || label == "7bit" || label == "8bit";
}

// ICU's own substitution is U+001A where a charset's tables ask for that.
void SubstituteReplacementCharacter(const void*, UConverterToUnicodeArgs* args, const char*,
                                    std::int32_t, UConverterCallbackReason reason,
                                    UErrorCode* error) {
  if (reason > UCNV_IRREGULAR) return;  // told of a reset, not of an octet
  *error = U_ZERO_ERROR;
  const UChar replacement = 0xFFFD;
  ucnv_cbToUWriteUChars(args, &replacement, 1, 0, error);
}

Converter OpenNew(std::string_view label) {
  std::string name(label);
  for (const Alias& alias : kAliases) {
    if (alias.label == label) name = alias.converter;
  }
  // ICU takes a comma for the start of options; no charset's name has one, nor a NUL.
  if (name.find_first_of(std::string_view(",\0", 2)) != std::string::npos) return nullptr;
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name.c_str(), &error));
  if (U_FAILURE(error)) return nullptr;
  ucnv_setToUCallBack(converter.get(), SubstituteReplacementCharacter, nullptr, nullptr, nullptr,
                      &error);
  if (U_FAILURE(error)) return nullptr;
  return converter;
}

// Looking a name up takes ICU as long as converting some thousand octets, and a mail says the same
// one in every place, so each thread keeps the last.
UConverter* Open(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelOctets) return nullptr;
  thread_local std::string last_label;
  thread_local Converter last;
  if (label != last_label) {
    last = OpenNew(label);
    last_label = label;
  } else if (last != nullptr) {
    ucnv_reset(last.get());
  }
  return last.get();
}

std::string Convert(UConverter* converter, std::string_view text) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max() / 4;
  text = text.substr(0, kMost);
  std::string converted(text.size() * 3 + 8, '\0');
  const auto convert = [&](UErrorCode& error) {
    return ucnv_toAlgorithmic(UCNV_UTF8, converter, converted.data(),
                              static_cast<std::int32_t>(converted.size()), text.data(),
                              static_cast<std::int32_t>(text.size()), &error);
  };
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t length = convert(error);
  if (error == U_BUFFER_OVERFLOW_ERROR) {
    converted.resize(static_cast<std::size_t>(length) + 1);
    error = U_ZERO_ERROR;
    length = convert(error);
  }
  if (U_FAILURE(error)) return std::string(text);
  converted.resize(static_cast<std::size_t>(length));
  return converted;
}

bool HasIso2022Escapes(std::string_view text) {
  return text.find("\x1B$") != text.npos || text.find("\x1B(J") != text.npos;
}

bool IsAscii(std::string_view text) {
  return FindOctet(text, [](auto c) { return (c >= 0x80) | (c == 0x1B); }) == text.size();
}

// The converter for a text whose label says nothing; none: it is UTF-8.
UConverter* Guess(std::string_view text) {
  if (HasIso2022Escapes(text)) return Open("iso-2022-jp");
  return IsValidUtf8(text) ? nullptr : Open(GuessCharset(text));
}

UConverter* For(std::string_view text, std::string_view label) {
  const std::string folded = FoldCase(StripBlanks(label.substr(0, kMaxLabelOctets + 1)));
  if (SaysNothing(folded)) return Guess(text);
  UConverter* const converter = Open(folded);
  return converter != nullptr ? converter : Guess(text);
}

// A 7-bit charset says with ASCII octets what is none; in every other one that ICU knows and mail
// uses, ASCII octets are ASCII.
bool MayHideInAscii(std::string_view label) {
  if (label.empty()) return false;
  return StartsWithIgnoringCase(label, "iso-2022") || StartsWithIgnoringCase(label, "utf-16") ||
         StartsWithIgnoringCase(label, "utf-32") || StartsWithIgnoringCase(label, "hz") ||
         FindIgnoringCase(label, "utf-7") != label.npos ||
         FindIgnoringCase(label, "ebcdic") != label.npos || StartsWithIgnoringCase(label, "ibm") ||
         StartsWithIgnoringCase(label, "cp");
}

}  // namespace

std::optional<std::string> Recode(std::string_view text, std::string_view label) {
  if (IsAscii(text) && !MayHideInAscii(StripBlanks(label))) return std::nullopt;
  UConverter* const converter = For(text, label);
  return converter == nullptr ? std::nullopt : std::optional(Convert(converter, text));
}

std::string ToUtf8(std::string_view text, std::string_view label) {
  std::optional<std::string> recoded = Recode(text, label);
  return recoded ? *std::move(recoded) : std::string(text);
}

std::string Utf8Of(std::string text) {
  std::optional<std::string> recoded = Recode(text, "");
  return recoded ? *std::move(recoded) : std::move(text);
}

bool IsKnownCharset(std::string_view label) {
  const std::string folded = FoldCase(StripBlanks(label.substr(0, kMaxLabelOctets + 1)));
  return SaysNothing(folded) || Open(folded) != nullptr;
}

}  // namespace bounced
