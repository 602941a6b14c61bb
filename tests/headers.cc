// Compiled for what is parsed in front of it: api_test_headers in CMakeLists.txt.
