#include <cstdlib>

/// libtorch gives the memory of every large tensor back to the system and takes it anew, page by page: a seventh of the
/// time of a wide transformer. Asked so, it takes pages of 2 MB. It reads this before its first tensor; a value that the
/// user has set stays.
__attribute__((constructor)) static void ask_for_huge_pages() { setenv("THP_MEM_ALLOC_ENABLE", "1", 0); }
