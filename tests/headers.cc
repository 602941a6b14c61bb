// Compiled for what is parsed in front of it: test_headers and api_test_headers in CMakeLists.txt.
