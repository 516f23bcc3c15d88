/* libtorch's headers are C++; only the shim CTorch includes them. This target carries the flags of libtorch.pc. */
