//go:build stubs

#include <errno.h>
#include <stddef.h>

#include "stubs.h"

// Until a library is loaded, and where it has no such function, a call notes that it was made and fails.
#define FUNCTION(index, name, library, since) \
	static int lacks_##name(void) { \
		__atomic_store_n(&stub_functions[index].called, 1, __ATOMIC_RELAXED); \
		return -ENOSYS; \
	}
#include "functions.h"
#undef FUNCTION

#define FUNCTION(index, name, library, since) [index] = {#name, library, since, 0},
struct stub_function stub_functions[STUB_COUNT] = {
#include "functions.h"
};
#undef FUNCTION

#define FUNCTION(index, name, library, since) [index] = (void *)lacks_##name,
void *stub_targets[STUB_COUNT] = {
#include "functions.h"
};
