// Whether a test is so slow here that it does a part of what it does elsewhere.
#pragma once

namespace bounced {

// Built with a sanitizer for addresses or threads, as GCC or Clang tells it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#elif !defined(__has_feature)
inline constexpr bool kIsSanitized = false;
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace bounced
