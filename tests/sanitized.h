// Whether a test is so slow here that it does a part of what it does elsewhere.
#pragma once

namespace bounced {

// Built with a sanitizer for addresses or threads.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace bounced
