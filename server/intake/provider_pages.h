// Where providers say what their refusals mean.
#pragma once

#include <string_view>

namespace bounced {

// A page of the provider's own on what it answers with `code` (as in ProviderAnswer), or with any.
// Empty: none is known.
std::string_view PageOfProvider(std::string_view provider, std::string_view code);

}  // namespace bounced
